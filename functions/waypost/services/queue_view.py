"""What an operator sees of a session's queue: how many wait, why, since when, and until when."""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.domain.message import Lane, Message
from waypost.domain.outlook import PAUSED, SESSION, TIME, Estimate, Outlook
from waypost.entities.message import get_message
from waypost.entities.queue_pause import Pause, get_pause
from waypost.entities.schedule import MEDIA, Waiting, page_by_due
from waypost.entities.session import Session
from waypost.errors import ValidationError
from waypost.ports import Table
from waypost.services.backlog import held_session
from waypost.services.holds import Runs

MOST_LOOKED_AT = 10_000
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class LaneView:
    """`waiting` is counted up to MOST_LOOKED_AT; `more` says that there are more. `last` is when the last of them is
    expected to go, `binds` the limit that makes it so late. Times are unix milliseconds; None: nothing waits."""

    lane: Lane
    waiting: int
    more: bool
    reasons: dict[str, int]
    oldest_ms: int | None
    pause: Pause | None
    last: Estimate | None
    binds: str


@dataclass(frozen=True, slots=True)
class Place:
    """A message that waits: why, and when it is expected to go."""

    message: Message
    reason: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class QueueView:
    """Of one session at one moment."""

    session: Session
    now_ms: int
    table: Table
    outlook_of: Callable[[Session, Lane], Outlook]

    def lane(self, lane: Lane, *, ahead: int) -> LaneView:
        """`ahead` are those of another lane that go before it."""
        pause, runs = get_pause(self.table, self.session.id, lane), Runs(self.table)
        reasons: Counter[str] = Counter()
        oldest_ms, due_ms, more = None, 0, False
        for waiting in self._each(lane):
            if reasons.total() == MOST_LOOKED_AT:
                more = True
                break
            reason = self._reason(waiting, reasons.total() + ahead, lane, pause, runs)
            reasons[reason] += 1
            oldest_ms = min(oldest_ms or waiting.due_ms, waiting.due_ms)
            due_ms = max(due_ms, 0 if reason == MEDIA else waiting.due_ms)
        count, outlook = reasons.total(), self.outlook_of(self.session, lane)
        held = self._held(pause)
        last = outlook.expected(ahead + count - 1, now_ms=self.now_ms, due_ms=due_ms, held=held) if count else None
        binds = held or outlook.goes_at(max(0, ahead + count - 1), self.now_ms)[1]
        return LaneView(lane, count, more, dict(reasons), oldest_ms, pause, last, binds)

    def page(
        self, lane: Lane, *, reason: str | None, ahead: int, limit: int, cursor: str | None
    ) -> tuple[list[Place], str | None]:
        """Those that wait, in the order in which they are due, with the time that each is expected to go at."""
        inner, position = _read_cursor(cursor)
        pause, runs = get_pause(self.table, self.session.id, lane), Runs(self.table)
        outlook = self.outlook_of(self.session, lane)
        found, following = page_by_due(self.table, self.session.id, lane, limit=limit, cursor=inner)
        places: list[Place] = []
        for offset, waiting in enumerate(found):
            before = ahead + position + offset
            why = self._reason(waiting, before, lane, pause, runs)
            message = get_message(self.table, waiting.message)
            if message is None or reason not in (None, why):
                continue
            held = self._held(pause) or (why if why in (PAUSED, MEDIA) else "")
            estimate = outlook.expected(before, now_ms=self.now_ms, due_ms=waiting.due_ms, held=held)
            places.append(Place(message, why, estimate))
        return places, None if following is None else _cursor(following, position + len(found))

    def _each(self, lane: Lane) -> Iterator[Waiting]:
        cursor: str | None = None
        while True:
            page, cursor = page_by_due(self.table, self.session.id, lane, limit=_PAGE, cursor=cursor)
            yield from page
            if cursor is None:
                return

    def _held(self, pause: Pause | None) -> str:
        return held_session(self.session) or (PAUSED if pause is not None else "")

    def _reason(self, waiting: Waiting, before: int, lane: Lane, pause: Pause | None, runs: Runs) -> str:
        if pause is not None or runs.state_of(waiting.bulk) == "paused":
            return PAUSED
        if waiting.due_ms > self.now_ms:
            return waiting.waits_for or TIME
        if held_session(self.session):
            return SESSION
        return waiting.waits_for if waiting.waits_for not in ("", TIME) else self._limit(before, lane)

    def _limit(self, before: int, lane: Lane) -> str:
        return self.outlook_of(self.session, lane).goes_at(before, self.now_ms)[1]


def _cursor(inner: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([inner, position]).encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[str | None, int]:
    if cursor is None:
        return None, 0
    try:
        inner, position = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if not isinstance(inner, str) or not isinstance(position, int) or position < 0:
            raise ValueError
    except (ValueError, TypeError, binascii.Error):
        raise ValidationError("This is not a cursor.", field="cursor") from None
    return inner, position
