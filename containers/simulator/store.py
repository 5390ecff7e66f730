"""What the simulated WhatsApp remembers, in one SQLite file that survives being killed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
create table if not exists accounts (
    number text primary key, lid text not null unique, name text not null,
    online integer not null default 1, auto_read integer not null default 0,
    lid_chats integer not null default 0, ack1_ms integer, ack2_ms integer, ack3_ms integer
);
create table if not exists devices (
    id text primary key, number text not null, identity_key text not null, linked_at integer not null,
    next_position integer not null default 1, session integer not null default 1,
    counter integer not null default 0, removed_at integer
);
create table if not exists inbox (
    device text not null, position integer not null, stanza text not null,
    primary key (device, position)
);
create table if not exists messages (
    sender text not null, chat text not null, id text not null, text text not null, t integer not null,
    quoted_id text, ack integer not null default 0, via text not null,
    primary key (sender, chat, id)
);
create index if not exists messages_by_id on messages (id);
create table if not exists filed (
    seq integer primary key autoincrement, account text not null, sender text not null, chat text not null,
    id text not null, arrived integer, copy integer not null default 0
);
create index if not exists filed_by_account on filed (account, arrived);
create table if not exists settings (name text primary key, value text not null);
create table if not exists counts (name text primary key, value integer not null);
create table if not exists trace (
    n integer primary key autoincrement, at_ms integer not null, event text not null, detail text not null
);
"""

TABLES = ("accounts", "devices", "inbox", "messages", "filed", "settings", "counts", "trace")

Value = str | int | float | None


class Store:
    """A thin reader and writer of rows; every statement commits unless it stands in `transaction`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "whatsapp.sqlite", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        # A killed process loses nothing at this level; only a power cut could.
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)
        self._depth = 0

    def all(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: Value) -> int:
        """Runs one statement and says how many rows it changed."""
        return self._db.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner transaction joins the outer one."""
        if self._depth:
            yield
            return
        self._depth += 1
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        else:
            self._db.execute("commit")
        finally:
            self._depth -= 1

    def empty(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.run(f"delete from {table}")  # noqa: S608  # names from the constant above
            self.run("delete from sqlite_sequence")

    def close(self) -> None:
        self._db.close()
