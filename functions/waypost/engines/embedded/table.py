"""The Table port on SQLite: items, sparse indexes as rows of their own, conditional transactions.

Writers take turns, so a transaction never conflicts here; the limits are DynamoDB's.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from waypost.engines.embedded.clock import Clock
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.indexes import Index, move_entry
from waypost.engines.embedded.items import (
    MAX_PK_BYTES,
    check_key,
    check_key_value,
    decode,
    encode,
)
from waypost.engines.embedded.pages import page_of, place_of, ranges_of
from waypost.engines.embedded.writes import check_conditions, check_writes, written
from waypost.errors import TooLarge, ValidationError
from waypost.ports import (
    ALWAYS,
    Check,
    Delete,
    Item,
    Key,
    Page,
    Put,
    Update,
    When,
    Write,
)

MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
# DynamoDB deletes what is past its `ttl` hours later; so do we, so that a reader that forgot to filter shows.
TTL_LAG_SECONDS = 3600
_SWEEP_EVERY_MS = 60_000
_SWEEP_ITEMS = 100


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

    def differing(self, other: "EmbeddedTable") -> list[Key]:
        """The keys of items that another table of the same database does not have, or has otherwise."""
        rows = self._database.connection().execute(
            "SELECT pk, sk FROM items AS ours WHERE tbl = ? AND NOT EXISTS (SELECT 1 FROM items AS theirs"
            " WHERE theirs.tbl = ? AND theirs.pk = ours.pk AND theirs.sk = ours.sk AND theirs.body = ours.body)",
            (self._number, other._number),
        )
        return [Key(pk, sk) for pk, sk in rows.fetchall()]

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
        ranges = ranges_of(begins_with, between, after)
        order = "DESC" if descending else "ASC"
        beyond = "<" if descending else ">"
        sort, columns, source, values = self._source(index, pk)
        where = "".join(f" AND {sort} {comparison} ?" for comparison, _ in ranges)
        values += [value for _, value in ranges]
        if cursor is not None:
            place = place_of(cursor, [index, pk])
            where += f" AND ({columns}) {beyond} (?, ?, ?)"
            values += place
        ordering = ", ".join(f"{column} {order}" for column in columns.split(", "))
        # Only names of ours are formatted in; every value is bound.
        statement = f"SELECT body, {columns} {source}{where} ORDER BY {ordering} LIMIT ?"
        with closing(self._database.connection().execute(statement, (*values, limit))) as rows:
            return page_of(rows, limit, [index, pk])

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
        keys = check_writes(writes)
        with self._database.write() as connection:
            stored = [self._stored(connection, key) for key in keys]
            olds = [found and found[1] for found in stored]
            check_conditions(writes, olds)
            news = [written(write, old) for write, old in zip(writes, olds, strict=True)]
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
                move_entry(connection, index, key, number, before, now)
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
