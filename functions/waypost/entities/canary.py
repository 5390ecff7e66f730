"""What is known of pairs of wa-js and WhatsApp Web build, and who tries them.

pk CANARY   sk PAIR#{pair}    its verdict, and what shows it
pk CANARY   sk SESSIONS       the two sessions that write to each other; the operator's choice
pk CANARY   sk LAST           when they did so last
"""

from typing import cast

from waypost.domain.canary import Pair, Verdict
from waypost.entities.record import mapping, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import ALWAYS, Clause, Item, Key, Table, When

_PK = "CANARY"
_SESSIONS, _LAST = Key(_PK, "SESSIONS"), Key(_PK, "LAST")


def get_pair(table: Table, name: str) -> Pair:
    """As one that nobody saw yet, where there is no record."""
    item = table.get(_pair_key(name))
    if item is None:
        return Pair(name)
    return Pair(
        name=name,
        state=cast(Verdict, text(item, "state")),
        first_seen_ms=number(item, "first_seen_ms"),
        judged_ms=number(item, "judged_ms"),
        steps=mapping(item, "steps"),
        failed_step=text_or_none(item, "failed_step"),
        code=text_or_none(item, "code"),
    )


def put_pair(table: Table, pair: Pair, *, when_new: bool = False) -> bool:
    """False when only a new one was to be kept, and it is known already."""
    key = _pair_key(pair.name)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "state": pair.state,
        "first_seen_ms": pair.first_seen_ms,
        "judged_ms": pair.judged_ms,
        "steps": dict(pair.steps),
        "failed_step": pair.failed_step,
        "code": pair.code,
    }
    try:
        table.put(item, when=When.all(Clause("it is new", "pk", "absent")) if when_new else ALWAYS)
    except ConditionFailed:
        return False
    return True


def get_canaries(table: Table) -> tuple[str, ...]:
    """The ids of the sessions; none: nobody set any up."""
    item = table.get(_SESSIONS)
    return () if item is None else (text(item, "first"), text(item, "second"))


def put_canaries(table: Table, first: str, second: str) -> None:
    table.put({"pk": _SESSIONS.pk, "sk": _SESSIONS.sk, "first": first, "second": second})


def delete_canaries(table: Table) -> None:
    table.delete(_SESSIONS)


def get_last_ms(table: Table) -> int:
    item = table.get(_LAST)
    return 0 if item is None else number(item, "at_ms")


def put_last(table: Table, at_ms: int) -> None:
    table.put({"pk": _LAST.pk, "sk": _LAST.sk, "at_ms": at_ms})


def _pair_key(name: str) -> Key:
    return Key(_PK, f"PAIR#{name}")
