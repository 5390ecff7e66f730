"""An endpoint's dead letters: events that were given up, with the reason. The log still has what they say.

pk HOOK#{hook}   sk DEAD#{session}#{generation}#{n}   in the order of each session's log; kept for DEAD_DAYS
"""

from dataclasses import dataclass

from waypost.entities.record import number, text
from waypost.ports import Clause, Delete, Item, Key, Put, Table, When

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
    key = _key(hook, dead.session, dead.generation, dead.number)
    return Put(
        {
            "pk": key.pk,
            "sk": key.sk,
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


def get_dead(table: Table, hook: str, session: str, generation: int, number_: int) -> DeadEvent | None:
    item = table.get(_key(hook, session, generation, number_))
    return None if item is None else _from_item(item)


def undo_death(hook: str, dead: DeadEvent) -> Delete:
    """The write that takes it out; its condition fails when somebody else has done so."""
    key = _key(hook, dead.session, dead.generation, dead.number)
    return Delete(key, When.all(Clause("is a dead letter", "pk", "exists")))


def _key(hook: str, session: str, generation: int, number_: int) -> Key:
    return Key(f"HOOK#{hook}", f"DEAD#{session}#{generation:04d}#{number_:012d}")


def _from_item(item: Item) -> DeadEvent:
    return DeadEvent(
        session=text(item, "session"),
        generation=number(item, "generation"),
        number=number(item, "number"),
        lane=text(item, "lane"),
        reason=text(item, "reason"),
        died_ms=number(item, "died_ms"),
    )
