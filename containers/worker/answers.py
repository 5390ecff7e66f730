"""Who writes to a session: a first answer makes the first-contact budget grow, and lets go what waited for it."""

from collections.abc import Iterable, Sequence

from containers.worker.gate import Gate
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.message import Lane
from waypost.entities.chat import get_chat
from waypost.entities.schedule import put_off, waiting_in_chat
from waypost.entities.send_log import done_write
from waypost.services.journal import Entry

_LANES: tuple[Lane, ...] = ("interactive", "bulk")
# What no longer holds a message to somebody who has written to us. Who stands behind such a one goes with it.
_OVER = frozenset({"first_contact", "existence", "restricted", "active_hours", "order"})
_LAST = 10**12 - 1


class Answers:
    """Of one session under one owner."""

    def __init__(self, app: App, session_id: str, gate: Gate) -> None:
        self._app = app
        self._session = session_id
        self._gate = gate
        self._known: set[str] = set()

    async def hear(self, entries: Sequence[Entry]) -> None:
        """Before the chats are told of them: who never wrote before is known from there."""
        for contact in sorted(set(_writers(entries))):
            if contact not in self._known and await patiently(self._is_new, contact):
                self._gate.allowance.answered()
            self._known.add(contact)
            await patiently(self._let_go, contact)

    def _is_new(self, contact: str) -> bool:
        app, now_ms = self._app, self._gate.allowance.now_ms()
        if get_chat(app.table, self._session, contact).inbound_ms:
            return False
        app.table.put(done_write(self._session, "ANSWERED", contact, now_ms).item)
        return True

    def _let_go(self, contact: str) -> None:
        now_ms = self._app.now_ms()
        for lane in _LANES:
            for place in waiting_in_chat(self._app.table, self._session, contact, lane, up_to=_LAST):
                if place.due_ms > now_ms and place.waits_for in _OVER:
                    put_off(self._app.table, place, now_ms, "")


def _writers(entries: Sequence[Entry]) -> Iterable[str]:
    """Those who wrote in a chat of two: what a group says answers nobody."""
    for entry in entries:
        for draft in entry.drafts:
            if draft.type == "message_received" and draft.contact and draft.data["chat"] == draft.data["from"]:
                yield draft.contact
