"""A profile on its way from an operator's machine to a worker: who may send it, and whether all of it is here.

pk SES#{session}   sk HANDOVER   one a session; a new one replaces it. The bytes are in the bucket of profiles.
"""

from dataclasses import dataclass

from waypost.entities.record import blob, number
from waypost.ports import Clause, Delete, Item, Key, Table, Update, When


@dataclass(frozen=True, slots=True)
class Handover:
    """`epoch` is the operator's lease, under which it may be written until `expires_ms`. `key` is the wrapped data key
    that it is sealed under; `parts` is 0 until it is complete."""

    session: str
    epoch: int
    key: bytes
    expires_ms: int
    parts: int = 0


def handover_key(session: str) -> Key:
    return Key(f"SES#{session}", "HANDOVER")


def put_handover(table: Table, handover: Handover) -> None:
    key = handover_key(handover.session)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "session": handover.session,
        "epoch": handover.epoch,
        "key": handover.key,
        "expires_ms": handover.expires_ms,
        "parts": handover.parts,
    }
    table.put(item)


def get_handover(table: Table, session: str) -> Handover | None:
    item = table.get(handover_key(session))
    if item is None:
        return None
    return Handover(
        session=str(item["session"]),
        epoch=number(item, "epoch"),
        key=blob(item, "key"),
        expires_ms=number(item, "expires_ms"),
        parts=number(item, "parts"),
    )


def complete_handover(table: Table, handover: Handover, parts: int) -> None:
    """Raises ConditionFailed when another one began."""
    same = When.all(Clause("the same handover", "epoch", "eq", handover.epoch))
    table.update(Update(handover_key(handover.session), set={"parts": parts}, when=same))


def handover_gone(handover: Handover) -> Delete:
    return Delete(handover_key(handover.session), When.all(Clause("the same handover", "epoch", "eq", handover.epoch)))
