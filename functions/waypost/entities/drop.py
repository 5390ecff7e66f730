"""A file of the drop that became a message: so that it does so once, and that its owner is told what became of it.

pk DROP#{drop}   sk -      gone two days later: its file is, too

The drop's id is a MAC of the file's place and version, which hold a number: they are sealed under the tenant's key.
"""

from dataclasses import dataclass

from waypost.entities.record import blob, number, text
from waypost.ports import Item, Key, Table, Update

KEEP_SECONDS = 2 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Drop:
    """`place` is a sealed JSON object. `told` is what its owner was told last, `looked_ms` when that was."""

    id: str
    tenant: str
    message: str
    media: str
    created_ms: int
    place: bytes
    told: str = ""
    looked_ms: int = 0


def get_drop(table: Table, drop: str) -> Drop | None:
    item = table.get(_key(drop))
    return None if item is None else _from_item(item)


def put_drop(table: Table, drop: Drop) -> None:
    """Repeatable: whoever writes it a second time writes the same."""
    table.put(_to_item(drop))


def note_told(table: Table, drop: Drop, told: str, now_ms: int) -> None:
    table.update(Update(_key(drop.id), set={"told": told, "looked_ms": now_ms}))


def _key(drop: str) -> Key:
    return Key(f"DROP#{drop}", "-")


def _to_item(drop: Drop) -> Item:
    key = _key(drop.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": drop.id,
        "tenant": drop.tenant,
        "message": drop.message,
        "media": drop.media,
        "created_ms": drop.created_ms,
        "place": drop.place,
        "told": drop.told,
        "looked_ms": drop.looked_ms,
        "ttl": drop.created_ms // 1000 + KEEP_SECONDS,
    }


def _from_item(item: Item) -> Drop:
    return Drop(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        message=text(item, "message"),
        media=text(item, "media"),
        created_ms=number(item, "created_ms"),
        place=blob(item, "place"),
        told=text(item, "told"),
        looked_ms=number(item, "looked_ms"),
    )
