"""A lane that is held: nothing of it is handed to WhatsApp until somebody lets it go on.

pk SES#{session}   sk PAUSE#{lane}
"""

from dataclasses import dataclass

from waypost.domain.message import Lane
from waypost.entities.record import number, text
from waypost.ports import Clause, Delete, Item, Key, Put, Table, When


@dataclass(frozen=True, slots=True)
class Pause:
    """`reason` is `requested`, or what else held it."""

    lane: Lane
    since_ms: int
    reason: str


def get_pause(table: Table, session: str, lane: Lane) -> Pause | None:
    item = table.get(_key(session, lane))
    return None if item is None else Pause(lane, number(item, "since_ms"), text(item, "reason"))


def pause_write(session: str, pause: Pause) -> Put:
    """The write that holds a lane; its condition fails when it is held already."""
    key = _key(session, pause.lane)
    item: Item = {"pk": key.pk, "sk": key.sk, "since_ms": pause.since_ms, "reason": pause.reason}
    return Put(item, When.all(Clause("it goes on", "pk", "absent")))


def resume_write(session: str, lane: Lane) -> Delete:
    """The write that lets a lane go on; its condition fails when it does already."""
    return Delete(_key(session, lane), When.all(Clause("it is held", "pk", "exists")))


def _key(session: str, lane: Lane) -> Key:
    return Key(f"SES#{session}", f"PAUSE#{lane}")
