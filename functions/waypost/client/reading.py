"""Reading a session's log without a gap and without a double: what to do with each frame, decided without I/O.

A cursor stands on the newest event that was handed out. What comes is either next, known already, or ahead of it; what
is ahead says which stretches of the log have to be fetched first. So it does not matter what a server doubles or drops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waypost.client.events import Place


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of one generation behind `after` and below `before`; None: to its end."""

    generation: int
    after: int
    before: int | None


def is_event(frame: Mapping[str, Any]) -> bool:
    return "specversion" in frame


def place_of(frame: Mapping[str, Any]) -> Place:
    return Place(frame["generation"], frame["sequence"])


def is_known(at: Place, found: Place) -> bool:
    """Whether it was handed out before."""
    return (found.generation, found.sequence) <= (at.generation, at.sequence)


def missing(at: Place, found: Place) -> list[Stretch]:
    """What lies between the cursor and an event that is not known; empty when it is the next one.

    A new generation begins at number 1. That it came does not prove that the old one had ended at the cursor.
    """
    if found.generation == at.generation:
        gap = found.sequence > at.sequence + 1
        return [Stretch(at.generation, at.sequence, found.sequence)] if gap else []
    ended = [Stretch(at.generation, at.sequence, None)]
    ended += [Stretch(generation, 0, None) for generation in range(at.generation + 1, found.generation)]
    if found.sequence > 1:
        ended.append(Stretch(found.generation, 0, found.sequence))
    return ended
