"""Counts the people that a session has to do with, and says so once when they near a thousand, and at a thousand."""

from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.address_book import MAX_CONTACTS, warning_at
from waypost.domain.event import Draft
from waypost.entities.contact_count import contact_count, count_writes, is_counted
from waypost.entities.session import get_session
from waypost.errors import ConditionFailed
from waypost.ports import Write
from waypost.services.contention import TRIES
from waypost.services.journal import Entry


class ContactCount:
    """Of one session. Remembers who is counted."""

    def __init__(self, app: App, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder
        self._counted: set[str] = set()

    async def note(self, tenant: str, session: str, contact: str) -> None:
        """Something was written in the chat with a contact. Groups are not counted."""
        if contact in self._counted:
            return
        for _ in range(TRIES):
            before = await patiently(self._before, tenant, session, contact)
            if before is None or await self._count(session, contact, before):
                self._counted.add(contact)
                return

    def _before(self, tenant: str, session: str, contact: str) -> int | None:
        """How many there were; None when nobody is to be counted."""
        group = any(chat.endswith("@g.us") for chat in self._app.contacts.addresses(tenant, contact))
        if group or is_counted(self._app.table, session, contact):
            return None
        return contact_count(self._app.table, session)

    async def _count(self, session: str, contact: str, before: int) -> bool:
        writes = count_writes(session, contact, before)
        warning = warning_at(before + 1)
        if warning is None:
            return await patiently(self._written, writes)
        record = await patiently(get_session, self._app.table, session)
        status = "" if record is None else record.status
        data = {"status": status, "previous": status, "reason": None, "warning": warning,
                "contacts": before + 1, "limit": MAX_CONTACTS}  # fmt: skip
        return await self._recorder.record(Entry((Draft("session_status", self._app.now_ms(), data),), tuple(writes)))

    def _written(self, writes: list[Write]) -> bool:
        try:
            self._app.table.transact(writes)
        except ConditionFailed:
            return False
        return True
