"""What the builder declared: tables with their indexes, queues and buckets, kept in the database itself."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.engines.embedded.indexes import Index, add_entry
from waypost.engines.embedded.items import decode
from waypost.errors import ValidationError


@dataclass(frozen=True, slots=True)
class TableSpec:
    name: str
    indexes: tuple[tuple[str, str, str], ...] = ()  # (index name, partition attribute, sort attribute)
    ttl: str = "ttl"  # unix seconds


@dataclass(frozen=True, slots=True)
class QueueSpec:
    name: str
    fifo: bool
    visibility_seconds: int
    max_receives: int
    per_session: bool = False  # made with the session as "{name}-{session id}"


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    number: int
    name: str
    ttl: str
    indexes: tuple[Index, ...]


def declare_table(connection: sqlite3.Connection, spec: TableSpec) -> None:
    """Make it, or bring it up to date: an index declared later is filled, one no longer declared is emptied."""
    connection.execute(
        "INSERT INTO tables (name, ttl) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ttl = excluded.ttl",
        (spec.name, spec.ttl),
    )
    (table,) = [known for known in declared_tables(connection) if known.name == spec.name]
    wanted = set(spec.indexes)
    for index in table.indexes:
        if (index.name, index.partition, index.sort) in wanted:
            wanted.remove((index.name, index.partition, index.sort))
        else:
            connection.execute("DELETE FROM entries WHERE idx = ?", (index.id,))
            connection.execute("DELETE FROM indexes WHERE id = ?", (index.id,))
    for name, partition, sort in wanted:
        _add_index(connection, table.number, name, partition, sort)


def declare_queue(connection: sqlite3.Connection, spec: QueueSpec) -> None:
    """Make it, or give it and the sessions' queues made from it these settings."""
    row = connection.execute("SELECT fifo, per_session FROM queue_specs WHERE name = ?", (spec.name,)).fetchone()
    if row is not None and (bool(row[0]), bool(row[1])) != (spec.fifo, spec.per_session):
        raise ValidationError(f"queue {spec.name} exists and is of another kind", field="queues")
    settings = (spec.visibility_seconds * 1000, spec.max_receives)
    connection.execute(
        "INSERT OR REPLACE INTO queue_specs (name, fifo, visibility_ms, max_receives, per_session)"
        " VALUES (?, ?, ?, ?, ?)",
        (spec.name, spec.fifo, *settings, spec.per_session),
    )
    connection.execute("UPDATE queues SET visibility_ms = ?, max_receives = ? WHERE spec = ?", (*settings, spec.name))
    if not spec.per_session:
        connection.execute(
            "INSERT INTO queues (name, spec, fifo, visibility_ms, max_receives) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO NOTHING",
            (spec.name, spec.name, spec.fifo, *settings),
        )


def declare_bucket(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO buckets VALUES (?) ON CONFLICT DO NOTHING", (name,))


def declared_tables(connection: sqlite3.Connection) -> Sequence[DeclaredTable]:
    return [
        DeclaredTable(
            number,
            name,
            ttl,
            tuple(
                Index(*row)
                for row in connection.execute(
                    "SELECT id, name, partition, sort FROM indexes WHERE tbl = ? ORDER BY id", (number,)
                ).fetchall()
            ),
        )
        for number, name, ttl in connection.execute("SELECT id, name, ttl FROM tables ORDER BY id").fetchall()
    ]


def declared_buckets(connection: sqlite3.Connection) -> Sequence[str]:
    return [name for (name,) in connection.execute("SELECT name FROM buckets ORDER BY name").fetchall()]


def _add_index(connection: sqlite3.Connection, table: int, name: str, partition: str, sort: str) -> None:
    number = connection.execute(
        "INSERT INTO indexes (tbl, name, partition, sort) VALUES (?, ?, ?, ?) RETURNING id",
        (table, name, partition, sort),
    ).fetchone()[0]
    index = Index(number, name, partition, sort)
    for item_number, body in connection.execute("SELECT id, body FROM items WHERE tbl = ?", (table,)):
        add_entry(connection, index, item_number, decode(body))
