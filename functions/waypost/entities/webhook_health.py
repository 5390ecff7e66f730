"""Whether an endpoint answers at all: shared by its lanes, so that a host that hangs is tried by one of them only.

pk HOOK#{hook}   sk HEALTH   exists while the endpoint gave no answer to the latest posts
"""

from dataclasses import dataclass

from waypost.entities.record import number
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Key, Table, Update, When


@dataclass(frozen=True, slots=True)
class Health:
    """`silences` posts in a row had no answer; nobody tries before `until_ms`."""

    silences: int = 0
    until_ms: int = 0


def get_health(table: Table, hook: str) -> Health | None:
    """None: it answers, as far as anybody knows."""
    item = table.get(_key(hook))
    return None if item is None else Health(number(item, "silences"), number(item, "until_ms"))


def take_trial(table: Table, hook: str, seen: Health, until_ms: int) -> bool:
    """Become the one who tries a silent endpoint until `until_ms`; False when somebody else was first."""
    when = When.all(Clause("nobody tries since", "until_ms", "eq", seen.until_ms))
    try:
        table.update(Update(_key(hook), set={"until_ms": until_ms}, when=when))
    except ConditionFailed:
        return False
    return True


def note_silence(table: Table, hook: str, until_ms: int) -> Health:
    item = table.update(Update(_key(hook), set={"until_ms": until_ms}, add={"silences": 1}))
    return Health(number(item, "silences"), number(item, "until_ms"))


def note_answer(table: Table, hook: str) -> None:
    table.delete(_key(hook))


def _key(hook: str) -> Key:
    return Key(f"HOOK#{hook}", "HEALTH")
