"""A pool: sessions that share the work, and which of them talks with whom.

pk POOL#{pool}   sk -               the pool; in index by_owner as `{tenant}#pools`
pk POOL#{pool}   sk CON#{contact}   the session that a conversation is with
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from waypost.domain.pool import Policy
from waypost.entities.record import number, text
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Table, Update, When


@dataclass(frozen=True, slots=True)
class Pool:
    """`revision` counts its changes."""

    id: str
    tenant: str
    name: str
    sessions: tuple[str, ...]
    policy: Policy
    created_ms: int
    revision: int = 0


def get_pool(table: Table, pool: str) -> Pool | None:
    item = table.get(_key(pool))
    return None if item is None else _pool(item)


def create_pool(table: Table, pool: Pool) -> None:
    """Raises ConditionFailed when it is there already."""
    table.put(_item(pool), when=When.all(Clause("is new", "pk", "absent")))


def save_pool(table: Table, before: Pool, after: Pool) -> None:
    """Raises ConditionFailed when somebody changed it meanwhile."""
    unchanged = When.all(Clause("nobody changed it since", "revision", "eq", before.revision))
    table.put({**_item(after), "revision": before.revision + 1}, when=unchanged)


def delete_pool(table: Table, pool: str) -> None:
    """Who talks with whom stays, and is found again by nobody."""
    table.delete(_key(pool))


def list_pools(table: Table, tenant: str, *, limit: int, cursor: str | None) -> tuple[list[Pool], str | None]:
    """Oldest first."""
    page = table.query(f"{tenant}#pools", index="by_owner", limit=limit, cursor=cursor)
    return [_pool(item) for item in page.items], page.cursor


def talks_with(table: Table, pool: str, contact: str) -> str | None:
    item = table.get(_talk_key(pool, contact))
    return None if item is None else text(item, "session")


def settle_talk(table: Table, pool: str, contact: str, session: str, *, before: str | None) -> bool:
    """Let a conversation be with a session from now on; False when somebody else decided meanwhile."""
    known = (
        Clause("it is with nobody", "pk", "absent") if before is None else Clause("as it was", "session", "eq", before)
    )
    try:
        table.update(Update(_talk_key(pool, contact), set={"session": session}, when=When.all(known)))
    except ConditionFailed:
        return False
    return True


def _key(pool: str) -> Key:
    return Key(f"POOL#{pool}", "-")


def _talk_key(pool: str, contact: str) -> Key:
    return Key(f"POOL#{pool}", f"CON#{contact}")


def _item(pool: Pool) -> Item:
    sessions: Sequence[str] = list(pool.sessions)
    return {
        "pk": _key(pool.id).pk,
        "sk": "-",
        "id": pool.id,
        "tenant": pool.tenant,
        "name": pool.name,
        "sessions": sessions,
        "policy": pool.policy,
        "created_ms": pool.created_ms,
        "revision": pool.revision,
        "owner_pk": f"{pool.tenant}#pools",
        "owner_sk": f"{pool.created_ms:013d}#{pool.id}",
    }


def _pool(item: Item) -> Pool:
    sessions = item["sessions"]
    assert isinstance(sessions, Sequence)
    return Pool(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        name=text(item, "name"),
        sessions=tuple(str(one) for one in sessions),
        policy=cast(Policy, text(item, "policy")),
        created_ms=number(item, "created_ms"),
        revision=number(item, "revision"),
    )
