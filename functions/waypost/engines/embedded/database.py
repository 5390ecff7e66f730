"""The one SQLite file: its schema, a connection per thread, and write transactions that wait their turn.

WAL lets readers and one writer work at once; `synchronous=FULL` makes a commit durable before it is acknowledged.
"""

import fcntl
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waypost.errors import StorageError, Throttled

FILE_NAME = "waypost.db"
LOCK_NAME = "waypost.lock"
SCHEMA_VERSION = 1
BUSY_SECONDS = 15.0  # a writer's turn comes within milliseconds; longer means that a process froze inside a commit
_LOCK_POLL_SECONDS = 0.0003  # about as long as a commit

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE boots (boot_id TEXT PRIMARY KEY, offset_ms INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, ttl TEXT NOT NULL);
CREATE TABLE indexes (
    id INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, name TEXT NOT NULL,
    partition TEXT NOT NULL, sort TEXT NOT NULL, UNIQUE (tbl, name)
);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL,
    ttl INTEGER, body BLOB NOT NULL, UNIQUE (tbl, pk, sk)
);
CREATE INDEX items_ttl ON items (tbl, ttl) WHERE ttl IS NOT NULL;
CREATE TABLE entries (
    idx INTEGER NOT NULL, ipk TEXT NOT NULL, isk TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL,
    item INTEGER NOT NULL, PRIMARY KEY (idx, ipk, isk, pk, sk)
) WITHOUT ROWID;

CREATE TABLE queue_specs (
    name TEXT PRIMARY KEY, fifo INTEGER NOT NULL, visibility_ms INTEGER NOT NULL,
    max_receives INTEGER NOT NULL, per_session INTEGER NOT NULL
) WITHOUT ROWID;
-- AUTOINCREMENT: a number stays with its queue for ever, so that a bell never rings for a successor.
CREATE TABLE queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL,
    fifo INTEGER NOT NULL, visibility_ms INTEGER NOT NULL, max_receives INTEGER NOT NULL
);
-- The row id is the order of sending. A message with `visible_at` in the future is in flight or delayed.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, grp TEXT, visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0, token TEXT, message_id TEXT NOT NULL, sent_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX messages_order ON messages (queue, id, grp);
CREATE INDEX messages_due ON messages (queue, visible_at, grp);
CREATE TABLE sends (
    queue INTEGER NOT NULL, deduplication_id TEXT NOT NULL, sent_at INTEGER NOT NULL, message_id TEXT NOT NULL,
    PRIMARY KEY (queue, deduplication_id)
) WITHOUT ROWID;
CREATE INDEX sends_age ON sends (sent_at);
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, grp TEXT, reason TEXT NOT NULL, receives INTEGER NOT NULL,
    message_id TEXT NOT NULL, died_ms INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX dead_letters_order ON dead_letters (queue, id);

CREATE TABLE buckets (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class _Held:
    """A thread's connection. It closes with its thread, or with the database."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        self.connection.close()

    __del__ = close


class Database:
    """Opens the file; `create` makes it and its schema when they are missing."""

    def __init__(self, home: Path, *, create: bool = False) -> None:
        self._path = home / FILE_NAME
        if not create and not self._path.exists():
            raise StorageError("nothing has been built here yet", mend="Run `waypost up` first.")
        self._local = threading.local()
        self._held: weakref.WeakSet[_Held] = weakref.WeakSet()
        self._turn = threading.Lock()
        self._closed = False
        if create:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        if create:
            self._create()
        version = self.connection().execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            self.close()
            raise StorageError(f"the database has schema {version}; this version reads {SCHEMA_VERSION}")

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for single reads (each sees one consistent snapshot)."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            if self._closed:
                raise StorageError("the engine is closed")
            held = self._local.held = _Held(self._path)
            self._held.add(held)
        return held.connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed and durable when the block ends, rolled back when it raises.

        Threads queue on a lock of ours first, and processes on a file lock: SQLite's own wait is a poll that grows
        to 100 ms, in which a busy process starves the others.
        """
        connection = self.connection()
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Throttled("the database is busy")
        try:
            with self._turn_among_processes(), _storage_errors():
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        finally:
            self._turn.release()

    @contextmanager
    def _turn_among_processes(self) -> Iterator[None]:
        """Polled and not awaited, because a frozen process may hold it: then the caller shall hear of it."""
        deadline = time.monotonic() + BUSY_SECONDS
        while not _locked(self._lock):
            if time.monotonic() > deadline:
                raise Throttled("the database is busy")
            time.sleep(_LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close every thread's connection. Call it when nobody uses the engine any more."""
        if self._closed:
            return
        self._closed = True
        for held in list(self._held):
            held.close()
        os.close(self._lock)

    def _create(self) -> None:
        self._path.touch(mode=0o600)
        self.connection().execute("PRAGMA journal_mode=WAL")
        with self.write() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Throttled("the database is busy") from error
        raise StorageError(f"the database refused: {error.sqlite_errorname}") from error
