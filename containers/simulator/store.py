"""What the simulated WhatsApp remembers, in one SQLite file that survives being killed."""

import shutil
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
create table if not exists groups (
    id text primary key, subject text not null, creator text not null, created_at integer not null
);
create table if not exists members (
    group_id text not null, number text not null, admin integer not null default 0, primary key (group_id, number)
);
create table if not exists deliveries (
    sender text not null, chat text not null, id text not null, participant text not null,
    ack integer not null default 1, primary key (sender, chat, id, participant)
);
create table if not exists reactions (
    sender text not null, chat text not null, id text not null, reactor text not null, emoji text not null,
    t integer not null, primary key (sender, chat, id, reactor)
);
create table if not exists saved (
    owner text not null, number text not null, name text not null, primary key (owner, number)
);
create table if not exists known (observer text not null, number text not null, primary key (observer, number));
create table if not exists held (
    n integer primary key autoincrement, device text not null, stanza text not null
);
create table if not exists files (
    path text primary key, name text not null, kind text not null, size integer not null, at integer not null,
    faults text not null default '{}'
);
create table if not exists votes (
    sender text not null, chat text not null, id text not null, voter text not null, options text not null,
    t integer not null, primary key (sender, chat, id, voter)
);
create table if not exists settings (name text primary key, value text not null);
create table if not exists counts (name text primary key, value integer not null);
create table if not exists trace (
    n integer primary key autoincrement, at_ms integer not null, event text not null, detail text not null
);
"""

# Columns that came later: a folder of an older version gets them when it is opened.
LATER = {
    "accounts": {
        "banned": "integer not null default 0",
        "restricted_until": "integer",
        "hide_number": "integer not null default 0",
        "passkey": "integer not null default 0",
        "latency_ms": "integer not null default 0",
        "jitter_ms": "integer not null default 0",
        "duplicates": "integer not null default 0",
        "silent": "integer not null default 0",
        "delivery_delays": "text not null default '{}'",
        "phone_seen_at": "integer not null default 0",
        "uploads": "text not null default '{}'",
        "reuploads": "text not null default 'yes'",
    },
    "devices": {"seen_at": "integer not null default 0"},
    "messages": {
        "mentions": "text not null default '[]'",
        "edited_at": "integer",
        "revoked_at": "integer",
        "type": "text not null default 'chat'",
        "content": "text not null default '{}'",
    },
}
TABLES = (
    *("accounts", "devices", "inbox", "messages", "filed", "groups", "members", "deliveries", "reactions"),
    *("saved", "known", "held", "files", "votes", "settings", "counts", "trace"),
)

Value = str | int | float | None


class Store:
    """A thin reader and writer of rows; every statement commits unless it stands in `transaction`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files = folder / "media"
        self._db = sqlite3.connect(folder / "whatsapp.sqlite", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        # A killed process loses nothing at this level; only a power cut could.
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)
        self._add_later_columns()
        self._depth = 0

    def _add_later_columns(self) -> None:
        for table, columns in LATER.items():
            present = {row["name"] for row in self.all(f"pragma table_info({table})")}
            for name in columns.keys() - present:
                self.run(f"alter table {table} add column {name} {columns[name]}")

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
        shutil.rmtree(self.files, ignore_errors=True)
        with self.transaction():
            for table in TABLES:
                self.run(f"delete from {table}")  # noqa: S608  # names from the constant above
            self.run("delete from sqlite_sequence")

    def close(self) -> None:
        self._db.close()
