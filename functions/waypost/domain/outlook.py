"""When a message that waits is expected to go, and what it waits for: told to callers, never decided by.

What may be sent is decided by the session's owner, from what it knows then; this foresees it from how many wait, as if
everything went as fast as the limits allow.
"""

import functools
import threading
from dataclasses import dataclass

from waypost.domain.message import Lane

# What a message may wait for beside a limit, whose own name is told: its own time, its lane's or run's pause, its
# session, which is not at work.
TIME, PAUSED, SESSION = "time", "paused", "session"
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


def expected(ahead: int, *, pace: Pace, now_ms: int, due_ms: int = 0, held: str = "") -> Estimate:
    """When a message goes that `ahead` others go before. `due_ms` is its own time, `held` why nobody can tell."""
    if held:
        return Estimate(None, held)
    wait_ms, because = wait_behind(ahead, pace)
    if due_ms > now_ms + wait_ms:
        return Estimate(due_ms, TIME)
    return Estimate(now_ms + wait_ms, because)


def ahead_of(lane: Lane, waiting: dict[Lane, int]) -> int:
    """How many go before a new message of a lane: interactive ones overtake bulk."""
    return waiting["interactive"] + (waiting["bulk"] if lane == "bulk" else 0)


def retry_after_ms(ahead: int, *, pace: Pace, longest_ms: int) -> int:
    """How long until a new message would wait at most `longest_ms`; 0: it does now."""
    return max(0, wait_behind(ahead, pace)[0] - longest_ms)
