"""How many messages of a session wait, and whether there is room for another: counted now and then, not each time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from waypost.domain.message import Lane
from waypost.domain.outlook import PAUSED, SESSION, Estimate, Outlook, ahead_of
from waypost.entities.queue_pause import get_pause
from waypost.entities.schedule import page_by_due
from waypost.entities.session import Session
from waypost.errors import RateLimited
from waypost.ports import Table

MOST_COUNTED = 100_000
WORKING = frozenset({"working", "restricted", "syncing", "degraded", "asleep"})  # it sends, or will without being asked
_LANES: tuple[Lane, ...] = ("interactive", "bulk")
_FRESH_SECONDS = 1.0  # and a second more for each thousand that wait
_HOUR_MS = 3_600_000


@dataclass(slots=True)
class _Count:
    value: int
    until: float


@dataclass(slots=True)
class Backlog:
    """Of one process, for all sessions. `hours` is how long a new message of a lane may expect to wait; `outlook_of`
    is what a session's lane may do. Safe to share between threads."""

    hours: Mapping[Lane, float]
    outlook_of: Callable[[Session, Lane], Outlook]
    clock: Callable[[], float] = time.monotonic
    _counts: dict[tuple[str, Lane], _Count] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, session: Session, lane: Lane, *, now_ms: int, table: Table) -> None:
        """Raises RateLimited `queue_full`, whose `retry_after` is when there will be room."""
        ahead, longest_ms = ahead_of(lane, self.waiting(session, table)), round(self.hours[lane] * _HOUR_MS)
        wait_ms = self.outlook_of(session, lane).room_after(ahead, now_ms=now_ms, longest_ms=longest_ms)
        if wait_ms:
            raise RateLimited(
                f"What waits in the {lane} lane of this session takes longer than {self.hours[lane]:g} hours to send.",
                retry_after=wait_ms / 1000,
                mend="Try again after the seconds in Retry-After, use another session or a pool, or cancel what waits.",
                code="queue_full",
            )

    def outlook(self, session: Session, lane: Lane, *, now_ms: int, due_ms: int = 0, table: Table) -> Estimate:
        """When a message that is accepted now is expected to go."""
        ahead = ahead_of(lane, self.waiting(session, table))
        held = held_session(session) or (PAUSED if get_pause(table, session.id, lane) is not None else "")
        return self.outlook_of(session, lane).expected(max(0, ahead - 1), now_ms=now_ms, due_ms=due_ms, held=held)

    def waiting(self, session: Session, table: Table) -> dict[Lane, int]:
        """How many wait in each lane: as counted not long ago, and what was accepted here since."""
        return {lane: self._waiting(session.id, lane, table) for lane in _LANES}

    def accepted(self, session: str, lane: Lane) -> None:
        """One more waits."""
        with self._lock:
            count = self._counts.get((session, lane))
            if count is not None:
                count.value += 1

    def forget(self, session: str) -> None:
        """Many were taken away: count anew."""
        with self._lock:
            for lane in _LANES:
                self._counts.pop((session, lane), None)

    def _waiting(self, session: str, lane: Lane, table: Table) -> int:
        with self._lock:
            known = self._counts.get((session, lane))
            if known is not None and known.until > self.clock():
                return known.value
        value = count_waiting(table, session, lane)
        with self._lock:
            self._counts[session, lane] = _Count(value, self.clock() + _FRESH_SECONDS + value / 1000)
        return value


def count_waiting(table: Table, session: str, lane: Lane, *, most: int = MOST_COUNTED) -> int:
    """How many wait in a lane, counted up to `most`."""
    count, cursor = 0, None
    while True:
        page, cursor = page_by_due(table, session, lane, limit=1000, cursor=cursor)
        count += len(page)
        if cursor is None or count >= most:
            return min(count, most)


def held_session(session: Session) -> str:
    """`session` when it is not at work, so that nobody can tell when something goes; else empty."""
    at_work = session.desired == "running" and session.status in WORKING
    return "" if at_work else SESSION
