"""Builds the blueprint's tables, queues and buckets on one machine. Safe to repeat: what is there stays."""

from pathlib import Path

from infra.blueprint import BUCKETS, QUEUES, TABLES
from waypost.engines.embedded.declarations import QueueSpec, TableSpec
from waypost.engines.embedded.engine import EmbeddedEngine, build_engine


def build(home: Path) -> EmbeddedEngine:
    """The engine of `home`, with everything that the blueprint lists. Keys need no making: one master key wraps all."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return build_engine(
        home,
        tables=[TableSpec(table.name, table.indexes, table.ttl) for table in TABLES],
        queues=[
            QueueSpec(queue.name, queue.fifo, queue.visibility_seconds, queue.max_receives, queue.per_session)
            for queue in QUEUES
        ],
        buckets=BUCKETS,
    )
