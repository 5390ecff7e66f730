"""Builds and opens the engine of one machine: everything it keeps lies in one folder.

    home/
    ├── waypost.db        tables, queues and their declarations
    ├── waypost.lock      whose turn it is to write
    ├── blobs/            one folder a bucket
    ├── keys/master.key   wraps every data key; back it up apart from the rest
    ├── drop/             files that are to be sent, rejected/ those that were not; people put and see them
    ├── doorbell/         a named pipe for every process that waits
    └── gateway.json      where the local gateway listens (written by the gateway)

`build_engine` declares what exists, as the blueprint says; `open_engine` opens what was declared, in any process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from waypost.engines.embedded.blobs import EmbeddedBlobs
from waypost.engines.embedded.clock import Clock, system_clock
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.declarations import (
    QueueSpec,
    TableSpec,
    declare_bucket,
    declare_queue,
    declare_table,
    declared_buckets,
    declared_tables,
)
from waypost.engines.embedded.doorbell import Doorbell
from waypost.engines.embedded.drops import EmbeddedDrops
from waypost.engines.embedded.keys import EmbeddedKeys, create_master_key, load_master_key
from waypost.engines.embedded.push import EmbeddedPush
from waypost.engines.embedded.queues import EmbeddedQueues
from waypost.engines.embedded.table import EmbeddedTable
from waypost.ports import Engine

KEY_FILE = "keys/master.key"
INCOMING = ".incoming"  # objects on their way into a bucket; a bucket's name begins with a letter


@dataclass(frozen=True, slots=True)
class EmbeddedEngine(Engine):
    """The five ports on one folder. Close it when its threads are done: it holds files, pipes and a thread."""

    database: Database
    doorbell: Doorbell
    gateway: EmbeddedPush

    def close(self) -> None:
        self.doorbell.close()
        self.gateway.hang_up()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_engine(
    home: Path,
    *,
    tables: Sequence[TableSpec],
    queues: Sequence[QueueSpec],
    buckets: Sequence[str],
    clock: Clock | None = None,
) -> EmbeddedEngine:
    """Make what is declared and not yet there, keep what is, and open it. Safe to repeat."""
    database = Database(home, create=True)
    try:
        with database.write() as connection:
            for table in tables:
                declare_table(connection, table)
            for queue in queues:
                declare_queue(connection, queue)
            for bucket in buckets:
                declare_bucket(connection, bucket)
        create_master_key(home / KEY_FILE, database)
        EmbeddedDrops(home).make()
        for name in ("doorbell", "blobs"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        for name in (*declared_buckets(database.connection()), INCOMING):
            (home / "blobs" / name).mkdir(mode=0o700, exist_ok=True)
    finally:
        database.close()
    return open_engine(home, clock=clock)


def open_engine(home: Path, *, clock: Clock | None = None) -> EmbeddedEngine:
    """Open what was built. `clock` is for tests. Raises StorageError when nothing was built or the key is missing."""
    database = Database(home)
    try:
        master = load_master_key(home / KEY_FILE, database)
        time = clock or system_clock(database)
        connection = database.connection()
        doorbell = Doorbell(home / "doorbell")
        push = EmbeddedPush(home)
        return EmbeddedEngine(
            tables={
                table.name: EmbeddedTable(database, time, number=table.number, ttl=table.ttl, indexes=table.indexes)
                for table in declared_tables(connection)
            },
            queues=EmbeddedQueues(database, doorbell, time),
            blobs={
                name: EmbeddedBlobs(home / "blobs" / name, home / "blobs" / INCOMING)
                for name in declared_buckets(connection)
            },
            drops=EmbeddedDrops(home),
            keys=EmbeddedKeys(master),
            push=push,
            database=database,
            doorbell=doorbell,
            gateway=push,
        )
    except BaseException:
        database.close()
        raise
