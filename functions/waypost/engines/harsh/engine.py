"""Builds an embedded engine and puts bad weather around its ports. For tests: it keeps every table twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from waypost.engines.embedded.clock import Clock, wall_ms
from waypost.engines.embedded.declarations import QueueSpec, TableSpec
from waypost.engines.embedded.engine import EmbeddedEngine, build_engine, open_engine
from waypost.engines.embedded.table import EmbeddedTable
from waypost.engines.harsh.queue import HarshQueues
from waypost.engines.harsh.stores import HarshBlobs, HarshDrops, HarshKeys
from waypost.engines.harsh.table import HarshTable, Replica
from waypost.engines.harsh.weather import Chance
from waypost.ports import Engine

_REPLICA = "-replica"


@dataclass(frozen=True, slots=True)
class HarshEngine(Engine):
    """`calm` is the same engine without the weather, to look at what really happened."""

    calm: EmbeddedEngine
    chance: Chance
    replicas: Sequence[Replica]

    def close(self) -> None:
        for replica in self.replicas:
            replica.close()
        self.calm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_harsh_engine(
    home: Path,
    *,
    tables: Sequence[TableSpec],
    queues: Sequence[QueueSpec],
    buckets: Sequence[str],
    chance: Chance,
    clock: Clock | None = None,
) -> HarshEngine:
    """As `build_engine`; `chance` has the seed and the weather."""
    twins = [replace(spec, name=spec.name + _REPLICA) for spec in tables]
    calm = build_engine(home, tables=[*tables, *twins], queues=queues, buckets=buckets, clock=clock)
    return _around(calm, chance, clock.steady_ms if clock else wall_ms)


def open_harsh_engine(home: Path, *, chance: Chance) -> HarshEngine:
    """As `open_engine`, of what `build_harsh_engine` built: each process has weather of its own."""
    return _around(open_engine(home), chance, wall_ms)


def _around(calm: EmbeddedEngine, chance: Chance, now_ms: Callable[[], int]) -> HarshEngine:
    replicas = {
        name: Replica(table, calm.tables[name + _REPLICA], chance, now_ms)
        for name, table in calm.tables.items()
        if not name.endswith(_REPLICA)
    }
    for name, replica in replicas.items():  # a process that was killed took what it had on its way with it
        truth, late = calm.tables[name], calm.tables[name + _REPLICA]
        assert isinstance(truth, EmbeddedTable)
        assert isinstance(late, EmbeddedTable)
        if lost := [*truth.differing(late), *late.differing(truth)]:
            replica.note(lost)
    return HarshEngine(
        tables={name: HarshTable(calm.tables[name], replica, chance) for name, replica in replicas.items()},
        queues=HarshQueues(calm.queues, chance),
        blobs={name: HarshBlobs(bucket, chance) for name, bucket in calm.blobs.items()},
        drops=HarshDrops(calm.drops, chance),
        keys=HarshKeys(calm.keys, chance),
        push=calm.push,
        calm=calm,
        chance=chance,
        replicas=tuple(replicas.values()),
    )
