"""Cancelling what waits by what it is: in pages, so that no queue is too long for one request."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.domain.lease import Head
from waypost.domain.message import Lane
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.schedule import Waiting, page_waiting
from waypost.errors import NotFound
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.journal import append, batches
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sending import wake_behind
from waypost.services.telling import ended_unsent

LANES: tuple[Lane, ...] = ("interactive", "bulk")
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must fit. Times are when a message is due, unix milliseconds: from `after_ms` on, before
    `before_ms`; 0: whenever."""

    lane: Lane | None = None
    contact: str | None = None
    after_ms: int = 0
    before_ms: int = 0
    bulk: str | None = None
    template: str | None = None

    def fits(self, waiting: Waiting) -> bool:
        return (
            self.after_ms <= waiting.due_ms
            and (not self.before_ms or waiting.due_ms < self.before_ms)
            and self.bulk in (None, waiting.bulk)
            and self.template in (None, waiting.template)
        )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`too_late` were handed to WhatsApp already. `more`: ask again, not all was looked at."""

    cancelled: int
    too_late: int
    more: bool


@dataclass(frozen=True, slots=True)
class Canceller:
    """Of one session."""

    session: str
    now_ms: int
    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts

    def cancel(
        self, wanted: Filter, *, reason: str, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> Cancelled:
        """Cancel what fits, for as long as `seconds` last. What is done stays done, so it may be asked again.

        Raises NotFound when there is no such session.
        """
        until = clock() + seconds
        cancelled = too_late = 0
        for page in self._pages(wanted):
            done, missed = self._cancel_page([waiting for waiting in page if wanted.fits(waiting)], reason)
            cancelled, too_late = cancelled + done, too_late + missed
            if clock() > until:
                return Cancelled(cancelled, too_late, more=True)
        return Cancelled(cancelled, too_late, more=False)

    def _pages(self, wanted: Filter) -> Iterator[list[Waiting]]:
        for lane in LANES if wanted.lane is None else (wanted.lane,):
            cursor: str | None = None
            while True:
                found, cursor = page_waiting(
                    self.table, self.session, lane, contact=wanted.contact, limit=_PAGE, cursor=cursor
                )
                yield found
                if cursor is None:
                    break

    def _cancel_page(self, page: list[Waiting], reason: str) -> tuple[int, int]:
        """How many were cancelled, and how many were too late."""
        found = [(place, message) for place in page if (message := get_message(self.table, place.message)) is not None]
        open_still = [(place, message) for place, message in found if message.status == "accepted"]
        waiting = [
            ended_unsent(message, "cancelled", reason, self.now_ms, contacts=self.contacts) for _, message in open_still
        ]
        missed = [message.id for _, message in found if message.status == "sending"]
        cancelled, head = len(waiting), self._head() if waiting else None
        for piece in batches(waiting):
            assert head is not None
            done = append(piece, head=head, table=self.table, seals=self.seals, epoch=None)
            head = done.head
            refused = [str(piece[position].drafts[0].message) for position in done.refused]
            missed += [one for one in refused if not self._is_cancelled(one)]
            cancelled -= len([one for one in refused if one in missed])
        if head is not None:
            nudge_consumers(self.session, head.number, queues=self.queues)
            wake_behind(open_still, table=self.table, queues=self.queues, now_ms=self.now_ms)
        return cancelled, len(missed)

    def _is_cancelled(self, message_id: str) -> bool:
        """By an earlier try whose answer was lost, or by somebody else: it is what was asked for."""
        message = get_message(self.table, message_id)
        return message is not None and message.status == "cancelled"

    def _head(self) -> Head:
        head = get_head(self.table, self.session)
        if head is None:
            raise NotFound("There is no such session.", field="session_id", code="session_not_found")
        return head
