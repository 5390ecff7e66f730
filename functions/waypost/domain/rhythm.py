"""How fast a lane goes at best, for telling callers when something is expected: the limits, and the time of typing."""

from waypost.domain.care import Care
from waypost.domain.limits import limits_at_age, windows
from waypost.domain.message import Lane
from waypost.domain.outlook import Pace, Window
from waypost.domain.pacing import typing_ms

_USUAL_CHARACTERS = 80  # of a text, for want of looking at each


def rhythm(care: Care, age_days: float, lane: Lane) -> Pace:
    """The next message is typed while the cooldown runs, so the longer of the two counts."""
    limits = limits_at_age(care.limits, age_days)
    found = [Window(name, most, span_ms) for name, most, span_ms in windows(limits, lane)]
    apart_ms = max(limits.cooldown_ms, typing_ms(care.pacing, _USUAL_CHARACTERS) if limits.cooldown_ms else 0)
    if apart_ms:
        found.append(Window("cooldown", 1, apart_ms))
    return tuple(found)
