"""Builds the blueprint's tables, queues and buckets on one machine. Safe to repeat: what is there stays."""

import os
from pathlib import Path

from infra.blueprint import BUCKETS, QUEUES, TABLES
from infra.local.aws_parts import on_aws
from waypost.engines.aws.engine import AwsEngine
from waypost.engines.aws.engine import open_engine as open_aws_engine
from waypost.engines.aws.places import places_from
from waypost.engines.embedded.declarations import QueueSpec, TableSpec
from waypost.engines.embedded.engine import EmbeddedEngine, build_engine
from waypost.engines.harsh import CLOUDY, Chance, HarshEngine, build_harsh_engine

_TABLES = [TableSpec(table.name, table.indexes, table.ttl) for table in TABLES]
_QUEUES = [
    QueueSpec(queue.name, queue.fifo, queue.visibility_seconds, queue.max_receives, queue.per_session)
    for queue in QUEUES
]


def build(home: Path) -> EmbeddedEngine:
    """The engine of `home`, with everything that the blueprint lists. Keys need no making: one master key wraps all."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return build_engine(home, tables=_TABLES, queues=_QUEUES, buckets=BUCKETS)


def build_harsh(home: Path) -> HarshEngine:
    """The same for one machine in bad weather (WAYPOST_ENGINE=harsh), on which the end-to-end story is told, too."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    chance = Chance(os.getpid(), CLOUDY)
    return build_harsh_engine(home, tables=_TABLES, queues=_QUEUES, buckets=BUCKETS, chance=chance)


def engine_of(home: Path) -> EmbeddedEngine | HarshEngine | AwsEngine:
    """The engine that the environment names; on the stand-ins for AWS everything has been made already."""
    if on_aws():
        return open_aws_engine(places_from(os.environ))
    return build_harsh(home) if os.environ.get("WAYPOST_ENGINE") == "harsh" else build(home)
