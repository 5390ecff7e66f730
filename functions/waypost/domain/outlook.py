"""When a message that waits is expected to go, and what it waits for: told to callers, never decided by.

What may be sent is decided by the session's owner, from what it knows then; this foresees it from how many wait, as if
everything went as fast as the limits allow.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass

from waypost.domain.message import Lane

# What a message may wait for beside a limit, whose own name is told: its own time, its lane's or run's pause, its
# session, which is not at work.
TIME, PAUSED, SESSION = "time", "paused", "session"
ACTIVE_HOURS = "active_hours"
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Estimate:
    """`at_ms` is unix milliseconds; None where it hangs on somebody's decision. `because` names what binds."""

    at_ms: int | None
    because: str


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` messages in any `span_ms`."""

    name: str
    most: int
    span_ms: int


type Pace = tuple[Window, ...]


def wait_behind(ahead: int, pace: Pace) -> tuple[int, str]:
    """How long it takes until `ahead` messages have gone and the next one may, in milliseconds, when the first goes
    now; and which limit makes it so long."""
    longest = max(((ahead // window.most * window.span_ms, window.name) for window in pace), default=(0, NOTHING))
    return _timetable(tuple(pace)).time_of(ahead), longest[1] if longest[0] else NOTHING


class _Timetable:
    """When the first, second, third … message goes by all limits together: worked out once, as far as was asked."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._times = [0]
        self._lock = threading.Lock()

    def time_of(self, number: int) -> int:
        with self._lock:
            times = self._times
            while len(times) <= number:
                at_ms = times[-1]
                for window in self._pace:
                    if len(times) >= window.most:
                        at_ms = max(at_ms, times[-window.most] + window.span_ms)
                times.append(at_ms)
            return times[number]


@functools.lru_cache(maxsize=32)
def _timetable(pace: Pace) -> _Timetable:
    return _Timetable(pace)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a lane of a session may do: by its limits, and in which hours. `opens_at` gives when the hours begin in
    which something may go, from a time on; the time itself while they last."""

    pace: Pace = ()
    opens_at: Callable[[int], int] | None = None

    def goes_at(self, ahead: int, now_ms: int) -> tuple[int, str]:
        """When a message goes that `ahead` others go before, and what binds."""
        wait_ms, because = wait_behind(ahead, self.pace)
        if self.opens_at is None:
            return now_ms + wait_ms, because
        at_ms, opened = now_ms, self.opens_at(now_ms)
        while opened + wait_ms > (until := _quarter_after(opened)):
            if opened > at_ms:
                because = ACTIVE_HOURS
            wait_ms -= until - opened
            at_ms, opened = until, self.opens_at(until)
        return opened + wait_ms, ACTIVE_HOURS if opened > at_ms else because

    def expected(self, ahead: int, *, now_ms: int, due_ms: int = 0, held: str = "") -> Estimate:
        """`due_ms` is the message's own time, `held` why nobody can tell."""
        if held:
            return Estimate(None, held)
        at_ms, because = self.goes_at(ahead, now_ms)
        return Estimate(due_ms, TIME) if due_ms > at_ms else Estimate(at_ms, because)

    def room_after(self, ahead: int, *, now_ms: int, longest_ms: int) -> int:
        """How long until a new message would wait at most `longest_ms`; 0: it does now."""
        return max(0, self.goes_at(ahead, now_ms)[0] - now_ms - longest_ms)


def ahead_of(lane: Lane, waiting: dict[Lane, int]) -> int:
    """How many go before a new message of a lane: interactive ones overtake bulk."""
    return waiting["interactive"] + (waiting["bulk"] if lane == "bulk" else 0)


def _quarter_after(at_ms: int) -> int:
    """No zone's hours begin but at a quarter."""
    return at_ms - at_ms % _QUARTER_MS + _QUARTER_MS


_QUARTER_MS = 900_000
