"""Watches what WhatsApp still does for a session, and says so when something fails and when it works again (R-ERR)."""

import asyncio
from typing import Any

from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.capabilities import Capabilities, capability_of
from waypost.domain.event import Draft
from waypost.domain.failures import Failure
from waypost.domain.message import REACHED, Message, Status
from waypost.entities.session import Session, get_session, judged_write
from waypost.services.journal import Entry


class CapabilityWatch:
    """Of one session under one owner."""

    def __init__(self, app: App, session: Session, recorder: Recorder) -> None:
        self._app = app
        self._session = session
        self._recorder = recorder
        self._capabilities = Capabilities.known(session.degraded)
        self._seen: asyncio.Queue[tuple[Message, Failure | None]] = asyncio.Queue()

    def stepped(self, message: Message, status: Status, failure: Failure | None) -> None:
        """A message of ours took a step. While all is well, what gets through is no news."""
        if status in REACHED and self._capabilities.outcomes:
            self._seen.put_nowait((message, None))
        elif failure is not None:
            self._seen.put_nowait((message, failure))

    async def run(self) -> None:
        """Until cancelled. Raises Fenced, or an engine's error."""
        while True:
            message, failure = await self._seen.get()
            before = self._capabilities.degraded()
            capability = capability_of(message.kind, group=await patiently(self._is_group, message))
            if failure is None:
                self._capabilities = self._capabilities.worked(capability)
            else:
                self._capabilities = self._capabilities.failed(capability, message.contact, failure)
            if self._capabilities.degraded() != before:
                await self._tell()

    def _is_group(self, message: Message) -> bool:
        return parse_address(self._app.contacts.addresses(message.tenant, message.contact)[0]).kind == "group"

    async def _tell(self) -> None:
        degraded: dict[str, Any] = {str(name): code for name, code in self._capabilities.degraded().items()}
        session = await patiently(get_session, self._app.table, self._session.id) or self._session
        told = {"status": session.status, "previous": session.status, "reason": session.reason, "degraded": degraded}
        draft = Draft("session_status", self._app.now_ms(), told)
        await self._recorder.record(Entry((draft,), (judged_write(session.id, degraded=degraded),)))
