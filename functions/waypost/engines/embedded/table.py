"""The Table port on SQLite: items, sparse indexes as rows of their own, conditional transactions.

Writers take turns, so a transaction never conflicts here; the limits are DynamoDB's.
"""

import base64
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from waypost.engines.embedded.clock import Clock
from waypost.engines.embedded.conditions import check_when, unmet
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.items import (
    MAX_PK_BYTES,
    MAX_SK_BYTES,
    check_key,
    check_key_value,
    decode,
    encode,
    key_of,
)
from waypost.errors import ConditionFailed, TooLarge, ValidationError
from waypost.ports import (
    ALWAYS,
    MAX_TRANSACTION_WRITES,
    Check,
    Delete,
    Item,
    Key,
    Page,
    Put,
    Update,
    Value,
    When,
    Write,
)

MAX_PAGE_BYTES = 1024 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
# DynamoDB deletes what is past its `ttl` hours later; so do we, so that a reader that forgot to filter shows.
TTL_LAG_SECONDS = 3600
_SWEEP_EVERY_MS = 60_000
_SWEEP_ITEMS = 100


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


class EmbeddedTable:
    def __init__(self, database: Database, clock: Clock, *, number: int, ttl: str, indexes: Sequence[Index]) -> None:
        self._database = database
        self._clock = clock
        self._number = number
        self._ttl = ttl
        self._indexes = {index.name: index for index in indexes}
        self._next_sweep_ms = clock.steady_ms() + _SWEEP_EVERY_MS

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:  # noqa: ARG002  # always consistent here
        check_key(key)
        stored = self._stored(self._database.connection(), key)
        return stored and stored[1]

    def put(self, item: Item, *, when: When = ALWAYS) -> None:
        self.transact([Put(item, when)])

    def update(self, update: Update) -> Item:
        item = self._write([update])[0]
        assert item is not None
        return item

    def delete(self, key: Key, *, when: When = ALWAYS) -> None:
        self.transact([Delete(key, when)])

    def transact(self, writes: Sequence[Write]) -> None:
        self._write(writes)

    def query(
        self,
        pk: str,
        *,
        index: str | None = None,
        begins_with: str | None = None,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        descending: bool = False,
        cursor: str | None = None,
    ) -> Page:
        if limit < 1:
            raise ValidationError("limit is at least 1", field="limit")
        check_key_value("pk", pk, MAX_PK_BYTES)
        ranges = _ranges(begins_with, between, after)
        order = "DESC" if descending else "ASC"
        beyond = "<" if descending else ">"
        sort, columns, source, values = self._source(index, pk)
        where = "".join(f" AND {sort} {comparison} ?" for comparison, _ in ranges)
        values += [value for _, value in ranges]
        if cursor is not None:
            place = _place(cursor, [index, pk])
            where += f" AND ({columns}) {beyond} (?, ?, ?)"
            values += place
        ordering = ", ".join(f"{column} {order}" for column in columns.split(", "))
        # Only names of ours are formatted in; every value is bound.
        statement = f"SELECT body, {columns} {source}{where} ORDER BY {ordering} LIMIT ?"
        with closing(self._database.connection().execute(statement, (*values, limit))) as rows:
            return _page(rows, limit, [index, pk])

    def _source(self, index: str | None, pk: str) -> tuple[str, str, str, list[str | int]]:
        """The sort column, the columns that order the rows, FROM and WHERE, and the values bound so far."""
        if index is None:
            return "sk", "sk, pk, tbl", "FROM items WHERE tbl = ? AND pk = ?", [self._number, pk]
        if index not in self._indexes:
            raise ValidationError(f"the table has no index {index}", field="index")
        source = "FROM entries e JOIN items ON items.id = e.item WHERE e.idx = ? AND e.ipk = ?"
        return "e.isk", "e.isk, e.pk, e.sk", source, [self._indexes[index].id, pk]

    def _write(self, writes: Sequence[Write]) -> list[Item | None]:
        """Apply all writes or none; the items as they are afterwards."""
        keys = _check_writes(writes)
        with self._database.write() as connection:
            stored = [self._stored(connection, key) for key in keys]
            olds = [found and found[1] for found in stored]
            _check_conditions(writes, olds)
            news = [_after(write, old) for write, old in zip(writes, olds, strict=True)]
            total = 0
            for write, key, found, new in zip(writes, keys, stored, news, strict=True):
                if not isinstance(write, Check):
                    total += self._store(connection, key, found, new)
            if total > MAX_TRANSACTION_BYTES:
                raise TooLarge(f"a transaction is larger than {MAX_TRANSACTION_BYTES} bytes")
            self._sweep(connection)
        return news

    def _stored(self, connection: sqlite3.Connection, key: Key) -> tuple[int, Item] | None:
        row = connection.execute(
            "SELECT id, body FROM items WHERE tbl = ? AND pk = ? AND sk = ?", (self._number, key.pk, key.sk)
        ).fetchone()
        return row and (row[0], decode(row[1]))

    def _store(self, connection: sqlite3.Connection, key: Key, found: tuple[int, Item] | None, new: Item | None) -> int:
        """Replace one item and its index entries; returns the bytes written."""
        number, old = found or (None, None)
        body = b""
        if new is not None:
            body = encode(new)
            expiry = new.get(self._ttl)
            expiry = expiry if isinstance(expiry, int) and not isinstance(expiry, bool) else None
            if number is None:
                number = connection.execute(
                    "INSERT INTO items (tbl, pk, sk, ttl, body) VALUES (?, ?, ?, ?, ?)",
                    (self._number, key.pk, key.sk, expiry, body),
                ).lastrowid
            else:
                connection.execute("UPDATE items SET ttl = ?, body = ? WHERE id = ?", (expiry, body, number))
        elif number is not None:
            connection.execute("DELETE FROM items WHERE id = ?", (number,))
        for index in self._indexes.values():
            before, now = index.entry(old), index.checked_entry(new)
            if before != now:
                _move_entry(connection, index, key, number, before, now)
        return len(body)

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Delete some items that are long past their ttl, once a minute, in the shadow of a write."""
        if not self._ttl or self._clock.steady_ms() < self._next_sweep_ms:
            return
        self._next_sweep_ms = self._clock.steady_ms() + _SWEEP_EVERY_MS
        rows = connection.execute(
            "SELECT id, pk, sk, body FROM items WHERE tbl = ? AND ttl < ? LIMIT ?",
            (self._number, self._clock.wall_ms() // 1000 - TTL_LAG_SECONDS, _SWEEP_ITEMS),
        ).fetchall()
        for number, pk, sk, body in rows:
            self._store(connection, Key(pk, sk), (number, decode(body)), None)


def add_entry(connection: sqlite3.Connection, index: Index, number: int, item: Item) -> None:
    """Put one stored item into an index that was declared later."""
    _move_entry(connection, index, key_of(item), number, None, index.entry(item))


def _move_entry(
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


def _check_writes(writes: Sequence[Write]) -> list[Key]:
    if not 1 <= len(writes) <= MAX_TRANSACTION_WRITES:
        raise ValidationError(f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes")
    keys = []
    for write in writes:
        check_when(write.when)
        if isinstance(write, Put):
            keys.append(key_of(write.item))
        else:
            check_key(write.key)
            keys.append(write.key)
        if isinstance(write, Update):
            names = [*write.set, *write.add, *write.remove]
            if len(set(names)) < len(names) or {"pk", "sk"} & set(names):
                raise ValidationError("an update names each attribute once, and never a key")
    if len(set(keys)) < len(keys):
        raise ValidationError("a transaction writes each item once")
    return keys


def _check_conditions(writes: Sequence[Write], olds: Sequence[Item | None]) -> None:
    missed = {
        position: names
        for position, (write, old) in enumerate(zip(writes, olds, strict=True))
        if (names := unmet(write.when, old))
    }
    if missed:
        reasons = "; ".join(f"write {position}: {', '.join(names)}" for position, names in missed.items())
        raise ConditionFailed(f"does not hold: {reasons}", failed=tuple(missed))


def _after(write: Write, old: Item | None) -> Item | None:
    """The item as it is after the write."""
    if isinstance(write, Put):
        return write.item
    if isinstance(write, Delete):
        return None
    if isinstance(write, Check):
        return old
    item: Item = {"pk": write.key.pk, "sk": write.key.sk, **(old or {}), **write.set}
    for name, amount in write.add.items():
        item[name] = _sum(name, item.get(name, 0), amount)
    for name in write.remove:
        item.pop(name, None)
    return item


def _sum(name: str, value: Value, amount: int) -> int:
    for number in (value, amount):
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValidationError(f"only a number can be added to: {name}", field=name)
    assert isinstance(value, int)
    return value + amount


def _ranges(begins_with: str | None, between: tuple[str, str] | None, after: str | None) -> list[tuple[str, str]]:
    """Comparisons of the sort key."""
    if sum(choice is not None for choice in (begins_with, between, after)) > 1:
        raise ValidationError("at most one of begins_with, between and after")
    for bound in (begins_with, after, *(between or ())):
        if bound is not None:
            check_key_value("sk", bound, MAX_SK_BYTES)
    if between is not None:
        if between[0] > between[1]:
            raise ValidationError("between needs its lower end first", field="between")
        return [(">=", between[0]), ("<=", between[1])]
    if after is not None:
        return [(">", after)]
    if begins_with is not None:
        end = _successor(begins_with)
        return [(">=", begins_with), *([("<", end)] if end else [])]
    return []


def _successor(prefix: str) -> str | None:
    """The least string greater than every string with this prefix; None when there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def _page(rows: sqlite3.Cursor, limit: int, asked: list[str | None]) -> Page:
    """As DynamoDB cuts: at `limit` or 1 MB, with a cursor then, even when nothing follows."""
    items: list[Item] = []
    size = 0
    place: list[str | int] = []
    for body, *columns in rows:
        size += len(body)
        if items and size > MAX_PAGE_BYTES:
            return Page(items, _cursor(asked, place))
        items.append(decode(body))
        place = columns
    return Page(items, _cursor(asked, place) if len(items) == limit else None)


def _cursor(asked: list[str | None], place: list[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([*asked, *place]).encode()).decode()


def _place(cursor: str, asked: list[str | None]) -> list[str | int]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError as error:
        raise ValidationError("the cursor is not one of ours", field="cursor") from error
    if not isinstance(found, list) or len(found) != 5 or found[:2] != asked:
        raise ValidationError("the cursor belongs to another query", field="cursor")
    return found[2:]
