"""The embedded engine in rough weather under test: what is refused is asked again, as every caller must.

The rules hold behind the refusals, the conflicts and the late indexes. What changes results (lost answers, messages
that come twice) is left out here: `test_in_a_storm.py` shows that the services bear it.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.embedded import JumpingClock
from tests.contract.gateway import TOKEN, running_gateway
from tests.contract.harness import (
    BUCKETS,
    MAX_RECEIVES,
    SESSION_QUEUES,
    SHARED_QUEUE,
    TABLES,
    VISIBILITY_SECONDS,
    Subject,
)
from waypost.engines.embedded import QueueSpec, TableSpec
from waypost.engines.embedded.clock import Clock
from waypost.engines.harsh import ROUGH, Chance, build_harsh_engine
from waypost.errors import Throttled, TransactionConflict
from waypost.ports import Engine

SEED = 20261122


class Patient:
    """Any port, or several; asks again what was refused for now."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return _patient(found) if callable(found) else found


def _patient(call: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*values: Any, **named: Any) -> Any:
        for _ in range(100):
            try:
                answer = call(*values, **named)
            except (Throttled, TransactionConflict):
                time.sleep(0.001)
            else:
                return Patient(answer) if call.__name__ == "queue" else answer
        raise AssertionError("refused a hundred times")

    return ask


@contextmanager
def harsh(folder: Path) -> Iterator[Subject]:
    clock = JumpingClock()
    queues = [
        QueueSpec(name, fifo, VISIBILITY_SECONDS, MAX_RECEIVES, per_session=True) for name, fifo in SESSION_QUEUES
    ]
    with running_gateway() as gateway:
        engine = build_harsh_engine(
            folder / "home",
            tables=[TableSpec(name, indexes) for name, indexes in TABLES],
            queues=[*queues, QueueSpec(SHARED_QUEUE, False, VISIBILITY_SECONDS, MAX_RECEIVES)],
            buckets=BUCKETS,
            chance=Chance(SEED, ROUGH),
            clock=Clock(clock.now_ms, clock.now_ms),
        )
        (folder / "home" / "gateway.json").write_text(json.dumps({"push_url": gateway.url, "push_token": TOKEN}))
        with engine:
            yield Subject(patient(engine), clock.pass_time, gateway.connect)


def patient(engine: Engine) -> Engine:
    return Engine(
        tables={name: Patient(table) for name, table in engine.tables.items()},
        queues=Patient(engine.queues),
        blobs={name: Patient(bucket) for name, bucket in engine.blobs.items()},
        drops=Patient(engine.drops),
        keys=Patient(engine.keys),
        push=engine.push,
    )
