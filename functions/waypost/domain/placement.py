"""Which worker takes a session, and when one gives a session away: by free slots and free memory. Pure.

Five sessions share a task of 2 GiB or more, so one has about 410 MB (R-LIM-4; measured in browser-sessions.md, section
1): a tenth of the smallest task, 4 GB. So a worker below 80 % can take one more and stay below 90 %, and above that it
has no room left for the next that grows. The ten points between keep sessions from going to and fro.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from waypost.errors import ValidationError

_POINTS_EACH = 0.5  # seconds that each better worker is left to answer first
_LONGEST_PAUSE = 2.0
_EACH_HELD = 0.15  # after a claim, for every session held: others come in between


@dataclass(frozen=True, slots=True)
class Placing:
    """Shares of a worker's memory, 0 to 1. `starts_at_once` is how many browsers of a worker may be starting: a start
    takes more than a core for a second or two."""

    claim_below: float = 0.80
    hand_over_above: float = 0.90
    starts_at_once: int = 2


@dataclass(frozen=True, slots=True)
class Load:
    """What a worker has in hand. `memory` is the share of its memory that is in use."""

    worker: str
    used: int
    slots: int
    memory: float


@dataclass(frozen=True, slots=True)
class Held:
    """A session of a worker that is over its line."""

    session: str
    memory_bytes: int
    idle_seconds: float
    sending: bool = False


def placing_from(environment: Mapping[str, str]) -> Placing:
    """WAYPOST_CLAIM_BELOW_MEMORY, _HAND_OVER_ABOVE_MEMORY (shares), _STARTS_AT_ONCE. Raises ValidationError."""
    defaults = Placing()
    try:
        placing = Placing(
            float(environment.get("WAYPOST_CLAIM_BELOW_MEMORY", defaults.claim_below)),
            float(environment.get("WAYPOST_HAND_OVER_ABOVE_MEMORY", defaults.hand_over_above)),
            int(environment.get("WAYPOST_STARTS_AT_ONCE", defaults.starts_at_once)),
        )
    except ValueError:
        placing = Placing(1, 0, 0)
    if not 0 < placing.claim_below < placing.hand_over_above <= 1 or placing.starts_at_once < 1:
        raise ValidationError(
            "The thresholds of placement make no sense.",
            field="WAYPOST_CLAIM_BELOW_MEMORY",
            mend="Shares like 0.8 to claim below and 0.9 to hand over above, and at least one start at once.",
            code="bad_setting",
        )
    return placing


def may_take(load: Load, placing: Placing) -> bool:
    return load.used < load.slots and load.memory < placing.claim_below


def seconds_before_claiming(mine: Load, others: Collection[Load], placing: Placing) -> float:
    """How long to leave a session to those who have more room; 0 for the roomiest."""
    free = mine.slots - mine.used
    better = sum(may_take(other, placing) and other.slots - other.used > free for other in others)
    return min(better * _POINTS_EACH, _LONGEST_PAUSE)


def seconds_after_claiming(mine: Load, others: Collection[Load]) -> float:
    """What others know of us is some seconds old; so whoever has just taken one lets them go first for a moment."""
    return _EACH_HELD * mine.used if others else 0.0


def should_hand_over(mine: Load, others: Collection[Load], placing: Placing) -> bool:
    """Only to somebody who can take it; and a last session is in nobody's way."""
    return mine.memory > placing.hand_over_above and mine.used > 1 and any(may_take(other, placing) for other in others)


def which_to_hand_over(held: Collection[Held], *, idle_for: float = 30.0) -> str | None:
    """The biggest of those that nobody speaks with at this moment; None when all are busy."""
    idle = [one for one in held if not one.sending and one.idle_seconds >= idle_for]
    return max(idle, key=lambda one: one.memory_bytes).session if idle else None
