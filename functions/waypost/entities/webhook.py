"""A webhook endpoint, and how far each session's log was fanned out to it (decision 8).

    pk TEN#{tenant}#HOOKS   sk {hook}         the endpoint; url and secret are sealed under the tenant's key
    pk HOOK#{hook}          sk FAN#{session}  the newest event that was fanned out

What an endpoint is owed stands in webhook_lane.py, what was given up in webhook_dead.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Table, Update, When, Write


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`sealed` is a JSON object with `url` and `secret`. Empty `events` means all; `session` None means all.

    `disabled` says why nothing is sent any more; None while it is active.
    """

    id: str
    tenant: str
    sealed: bytes
    events: tuple[str, ...]
    session: str | None
    created_ms: int
    disabled: str | None = None


def put_endpoint(table: Table, endpoint: Endpoint) -> None:
    """Raises ConditionFailed when the id is taken."""
    item: dict[str, Any] = {
        "pk": _key(endpoint.tenant, endpoint.id).pk,
        "sk": endpoint.id,
        "id": endpoint.id,
        "tenant": endpoint.tenant,
        "sealed": endpoint.sealed,
        "events": list(endpoint.events),
        "session": endpoint.session,
        "created_ms": endpoint.created_ms,
        "disabled": endpoint.disabled,
    }
    table.put(item, when=When.all(Clause("is new", "pk", "absent")))


def get_endpoint(table: Table, tenant: str, hook: str) -> Endpoint | None:
    item = table.get(_key(tenant, hook))
    return None if item is None else _from_item(item)


def list_endpoints(table: Table, tenant: str) -> list[Endpoint]:
    return [_from_item(item) for item in table.query(f"TEN#{tenant}#HOOKS", limit=1000).items]


def disable_endpoint(table: Table, tenant: str, hook: str, why: str) -> None:
    """Harmless when it was deleted meanwhile."""
    exists = When.all(Clause("exists", "pk", "exists"))
    try:
        table.update(Update(_key(tenant, hook), set={"disabled": why}, when=exists))
    except ConditionFailed:
        return


def delete_endpoint(table: Table, tenant: str, hook: str) -> None:
    table.delete(_key(tenant, hook))


def fanned_out(table: Table, hook: str, session: str) -> tuple[int, int] | None:
    """Generation and number of the newest event that was fanned out to this endpoint; None before the first."""
    item = table.get(_fan_key(hook, session))
    return None if item is None else (number(item, "generation"), number(item, "number"))


def fan_out_writes(
    hook: str, session: str, before: tuple[int, int] | None, after: tuple[int, int], owed: Sequence[Write]
) -> list[Write]:
    """The writes that move the fan-out from `before` to `after` and note what is owed (`owed_writes` of each lane)."""
    unchanged = (
        When.all(
            Clause("nobody fanned out since", "number", "eq", before[1]), Clause("same", "generation", "eq", before[0])
        )
        if before
        else When.all(Clause("is first", "pk", "absent"))
    )
    return [
        Update(_fan_key(hook, session), set={"generation": after[0], "number": after[1]}, when=unchanged),
        *owed,
    ]


def _key(tenant: str, hook: str) -> Key:
    return Key(f"TEN#{tenant}#HOOKS", hook)


def _fan_key(hook: str, session: str) -> Key:
    return Key(f"HOOK#{hook}", f"FAN#{session}")


def _from_item(item: Item) -> Endpoint:
    events = item["events"]
    assert isinstance(events, list)
    return Endpoint(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        sealed=blob(item, "sealed"),
        events=tuple(str(event) for event in events),
        session=text_or_none(item, "session"),
        created_ms=number(item, "created_ms"),
        disabled=text_or_none(item, "disabled"),
    )
