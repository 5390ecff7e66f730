"""A table's sparse indexes: an item has a row in an index when it has both of the index's attributes."""

import sqlite3
from dataclasses import dataclass

from waypost.engines.embedded.items import MAX_PK_BYTES, MAX_SK_BYTES, check_key_value, key_of
from waypost.errors import ValidationError
from waypost.ports import Item, Key


@dataclass(frozen=True, slots=True)
class Index:
    """A declared index: its row number, and the attributes that are its partition and sort key."""

    id: int
    name: str
    partition: str
    sort: str

    def entry(self, item: Item | None) -> tuple[str, str] | None:
        """The item's place in this index, if it has one. Items from before the index may hold anything."""
        try:
            return self.checked_entry(item)
        except ValidationError:
            return None

    def checked_entry(self, item: Item | None) -> tuple[str, str] | None:
        """Its place, for an item that is written now: DynamoDB refuses a key attribute that is no string."""
        if item is None:
            return None
        place = [
            check_key_value(attribute, item[attribute], limit)
            for attribute, limit in ((self.partition, MAX_PK_BYTES), (self.sort, MAX_SK_BYTES))
            if attribute in item
        ]
        return (place[0], place[1]) if len(place) == 2 else None


def add_entry(connection: sqlite3.Connection, index: Index, number: int, item: Item) -> None:
    """Put one stored item into an index that was declared later."""
    move_entry(connection, index, key_of(item), number, None, index.entry(item))


def move_entry(
    connection: sqlite3.Connection,
    index: Index,
    key: Key,
    number: int | None,
    before: tuple[str, str] | None,
    now: tuple[str, str] | None,
) -> None:
    if before is not None:
        connection.execute(
            "DELETE FROM entries WHERE idx = ? AND ipk = ? AND isk = ? AND pk = ? AND sk = ?",
            (index.id, *before, key.pk, key.sk),
        )
    if now is not None:
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", (index.id, *now, key.pk, key.sk, number))
