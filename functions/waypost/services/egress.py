"""A session's proxy, kept sealed: made ready to be stored, opened for whoever launches a browser or shows it."""

from waypost.domain.egress import Proxy
from waypost.entities.session import Session
from waypost.errors import ValidationError
from waypost.services.sealing import Seals

_PURPOSE = "proxy"


def seal_proxy(proxy: Proxy, *, tenant: str, session: str, seals: Seals) -> bytes:
    plain = {"server": proxy.server, "username": proxy.username, "password": proxy.password}
    return seals.seal_json(tenant, session, _PURPOSE, plain)


def open_proxy(session: Session, seals: Seals) -> Proxy | None:
    if session.proxy is None:
        return None
    return Proxy(**seals.open_json(session.tenant, session.id, _PURPOSE, session.proxy))


def check_egress(session: Session, *, required: bool) -> None:
    """Raises ValidationError `proxy_required` where a session without a proxy may not run (WAYPOST_REQUIRE_PROXY)."""
    if required and session.proxy is None:
        raise ValidationError(
            "Here a session runs only behind a proxy of its own.",
            field="identity.proxy",
            mend="Give one when you create the session, or with PATCH /v1/sessions/{id}.",
            code="proxy_required",
        )
