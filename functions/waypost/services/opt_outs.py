"""What an opt-out does beyond being recorded: whatever waits for the person is cancelled, in every session of the
tenant, and each session that knows them says so in its log.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import get_args

from waypost.domain.event import Draft, rfc3339
from waypost.domain.message import Lane, Message
from waypost.entities.chat import get_chat
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.schedule import Waiting, waiting_in_chat
from waypost.entities.session import list_sessions
from waypost.errors import NotFound
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.journal import Entry, append, batches
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sending import wake_behind
from waypost.services.telling import ended_unsent

_ALL = 10**12 - 1  # no message has a higher number
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """What is told of a person: `consent` is `given` or `withdrawn`, `purpose` None where it concerns all."""

    consent: str
    purpose: str | None
    means: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OptOuts:
    """For one tenant, at one moment."""

    tenant: str
    now_ms: int
    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts

    def cancel_waiting(
        self, contact: str, *, reason: str, but: str = "", concerns: Callable[[Message], bool] = lambda _message: True
    ) -> int:
        """Cancel what waits for a person in any session, `but` one message: what confirms it. Returns how many. What
        was handed to WhatsApp is not ours to take back."""

        def is_meant(message: Message) -> bool:
            return message.id != but and concerns(message)

        return sum(self._cancel(session, contact, reason, is_meant) for session in self._sessions())

    def tell(self, contact: str, change: ConsentChange, *, heard_by: str = "") -> None:
        """A `contact_status` event in each session that has written with the person, and in the one that heard it."""
        data = {
            "chat": self.contacts.view(self.tenant, contact),
            "consent": change.consent,
            "purpose": change.purpose,
            "means": change.means,
            "at": rfc3339(change.at_ms),
        }
        for session in self._sessions():
            if session == heard_by or get_chat(self.table, session, contact).active_ms:
                self._append(session, [Entry((Draft("contact_status", self.now_ms, data, contact=contact),))])

    def _sessions(self) -> Iterator[str]:
        cursor: str | None = None
        while True:
            found, cursor = list_sessions(self.table, self.tenant, limit=_PAGE, cursor=cursor)
            yield from (session.id for session in found)
            if cursor is None:
                return

    def _cancel(self, session: str, contact: str, reason: str, concerns: Callable[[Message], bool]) -> int:
        meant = [
            (place, message)
            for lane in get_args(Lane)
            for place, message in self._waiting(session, contact, lane)
            if message.status == "accepted" and concerns(message)
        ]
        done = self._append(
            session,
            [ended_unsent(message, "cancelled", reason, self.now_ms, contacts=self.contacts) for _, message in meant],
        )
        if done:
            wake_behind(meant, table=self.table, queues=self.queues, now_ms=self.now_ms)
        return done

    def _waiting(self, session: str, contact: str, lane: Lane) -> Iterator[tuple[Waiting, Message]]:
        found = waiting_in_chat(self.table, session, contact, lane, up_to=_ALL)
        while found:
            yield from ((place, one) for place in found if (one := get_message(self.table, place.message)) is not None)
            full = len(found) >= _PAGE
            found = (
                waiting_in_chat(self.table, session, contact, lane, up_to=_ALL, after=found[-1].number) if full else []
            )

    def _append(self, session: str, entries: list[Entry]) -> int:
        """Returns how many were appended. A session that is gone by now has no log to write in."""
        head, done = get_head(self.table, session), 0
        for piece in batches(entries) if head is not None else ():
            assert head is not None
            try:
                appended = append(piece, head=head, table=self.table, seals=self.seals, epoch=None)
            except NotFound:
                return done
            done += len(piece) - len(appended.refused)
            head = appended.head
        if done and head is not None:
            nudge_consumers(session, head.number, queues=self.queues)
        return done
