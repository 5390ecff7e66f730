"""A webhook endpoint, and how far each session's log was fanned out to it (decision 8).

    pk TEN#{tenant}#HOOKS   sk {hook}                 the endpoint; url and secrets are sealed under the tenant's key
    pk HOOK#{hook}          sk FAN#{session}          the newest event that was fanned out
    pk HOOK#{hook}          sk FAN#{session}#{scope}  the same, once it follows other sessions than at first

What an endpoint is owed stands in webhook_lane.py, what was given up in webhook_dead.py, its latest posts in
webhook_log.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Table, Update, Value, When, Write


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`sealed` is a JSON object with `url` and its secrets. Empty `events` means all; `session` None means all.

    `disabled` says why nothing is sent any more; None while it is active. The older of two secrets signs until
    `rotating_until_ms`. `scope` counts how often `session` was changed, and `since_ms` says when it was last.
    """

    id: str
    tenant: str
    sealed: bytes
    events: tuple[str, ...]
    session: str | None
    created_ms: int
    disabled: str | None = None
    rotating_until_ms: int = 0
    scope: int = 0
    since_ms: int = 0

    @property
    def begins_ms(self) -> int:
        """Events that are older than this are not its own."""
        return max(self.created_ms, self.since_ms)


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
        "rotating_until_ms": endpoint.rotating_until_ms,
        "scope": endpoint.scope,
        "since_ms": endpoint.since_ms,
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


def change_endpoint(table: Table, before: Endpoint, after: Endpoint) -> None:
    """Write what differs. Raises ConditionFailed when its destination was changed meanwhile, or it was deleted."""
    changed: dict[str, Value] = {
        name: list(value) if isinstance(value, tuple) else value
        for name in ("sealed", "events", "session", "disabled", "rotating_until_ms", "scope", "since_ms")
        if (value := getattr(after, name)) != getattr(before, name)
    }
    unchanged = When.all(Clause("the same destination", "sealed", "eq", before.sealed))
    if changed:
        table.update(Update(_key(before.tenant, before.id), set=changed, when=unchanged))


def delete_endpoint(table: Table, tenant: str, hook: str) -> None:
    table.delete(_key(tenant, hook))


def fanned_out(table: Table, hook: str, session: str, scope: int = 0) -> tuple[int, int] | None:
    """Generation and number of the newest event that was fanned out to this endpoint; None before the first."""
    item = table.get(_fan_key(hook, session, scope))
    return None if item is None else (number(item, "generation"), number(item, "number"))


def fan_out_writes(
    endpoint: Endpoint, session: str, before: tuple[int, int] | None, after: tuple[int, int], owed: Sequence[Write]
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
        Update(
            _fan_key(endpoint.id, session, endpoint.scope),
            set={"generation": after[0], "number": after[1]},
            when=unchanged,
        ),
        *owed,
    ]


def _key(tenant: str, hook: str) -> Key:
    return Key(f"TEN#{tenant}#HOOKS", hook)


def _fan_key(hook: str, session: str, scope: int) -> Key:
    return Key(f"HOOK#{hook}", f"FAN#{session}#{scope}" if scope else f"FAN#{session}")


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
        rotating_until_ms=number(item, "rotating_until_ms"),
        scope=number(item, "scope"),
        since_ms=number(item, "since_ms"),
    )
