"""An endpoint's dead letters: events that were given up, with the reason. The log still has what they say.

pk HOOK#{hook}   sk DEAD#{session}#{generation}#{n}   in the order of each session's log; kept for DEAD_DAYS
"""

from dataclasses import dataclass

from waypost.entities.record import number, text
from waypost.ports import Item, Put, Table

DEAD_DAYS = 30


@dataclass(frozen=True, slots=True)
class DeadEvent:
    session: str
    generation: int
    number: int
    lane: str
    reason: str
    died_ms: int


def dead_write(hook: str, dead: DeadEvent) -> Put:
    """By the event's place, so that giving it up twice leaves one."""
    return Put(
        {
            "pk": f"HOOK#{hook}",
            "sk": f"DEAD#{dead.session}#{dead.generation:04d}#{dead.number:012d}",
            "session": dead.session,
            "generation": dead.generation,
            "number": dead.number,
            "lane": dead.lane,
            "reason": dead.reason,
            "died_ms": dead.died_ms,
            "ttl": dead.died_ms // 1000 + DEAD_DAYS * 86_400,
        }
    )


def list_dead(table: Table, hook: str, *, limit: int, cursor: str | None = None) -> tuple[list[DeadEvent], str | None]:
    page = table.query(f"HOOK#{hook}", begins_with="DEAD#", limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def _from_item(item: Item) -> DeadEvent:
    return DeadEvent(
        session=text(item, "session"),
        generation=number(item, "generation"),
        number=number(item, "number"),
        lane=text(item, "lane"),
        reason=text(item, "reason"),
        died_ms=number(item, "died_ms"),
    )
