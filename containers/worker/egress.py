"""The outlet of one session over the launches of its browser: opened when there is a proxy, asked when a load fails."""

from collections.abc import Callable
from dataclasses import replace

from containers.worker.browser import hosts_of
from containers.worker.identity import Identity
from containers.worker.outlet import Outlet
from containers.worker.patience import patiently
from containers.worker.signals import LaunchFailed, ProxyDown
from waypost.bootstrap import App
from waypost.entities.session import Session
from waypost.services.egress import check_egress, open_proxy


class Egress:
    """`on_trouble` is told each time that the session's proxy could not make a connection."""

    def __init__(self, app: App, session: Session, *, on_trouble: Callable[[], None]) -> None:
        self._app = app
        self._session = session
        self._on_trouble = on_trouble
        self._outlet: Outlet | None = None

    async def dress(self, identity: Identity) -> Identity:
        """The identity with the outlet as its proxy, where the session has one. Raises ValidationError
        `proxy_required`, Tampered."""
        check_egress(self._session, required=self._app.settings.require_proxy)
        if self._outlet is None:
            proxy = await patiently(open_proxy, self._session, self._app.seals)
            if proxy is None:
                return identity
            hosts = hosts_of(self._app.settings.whatsapp_url)
            self._outlet = Outlet(proxy, hosts, on_trouble=lambda _: self._on_trouble())
        return replace(identity, proxy=await self._outlet.open())

    @property
    def failure(self) -> ProxyDown | None:
        """What is wrong with the proxy, as far as its latest connection tells."""
        trouble = None if self._outlet is None else self._outlet.trouble
        return None if trouble is None else ProxyDown(trouble)

    def why(self, otherwise: LaunchFailed) -> ProxyDown | LaunchFailed:
        """Why a page was not loaded."""
        return self.failure or otherwise

    def close(self) -> None:
        if self._outlet is not None:
            self._outlet.close()
