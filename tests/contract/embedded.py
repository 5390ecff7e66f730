"""The embedded engine under test: a folder of its own, a clock that can jump, a gateway in this process."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from waypost.engines.embedded import QueueSpec, TableSpec, build_engine
from waypost.engines.embedded.clock import Clock


class JumpingClock:
    """The real time plus what a test let pass."""

    def __init__(self) -> None:
        self._passed_ms = 0
        self._lock = threading.Lock()

    def pass_time(self, seconds: float) -> None:
        with self._lock:
            self._passed_ms += round(seconds * 1000)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._passed_ms


@contextmanager
def embedded(folder: Path) -> Iterator[Subject]:
    clock = JumpingClock()
    queues = [
        QueueSpec(name, fifo, VISIBILITY_SECONDS, MAX_RECEIVES, per_session=True) for name, fifo in SESSION_QUEUES
    ]
    with running_gateway() as gateway:
        engine = build_engine(
            folder / "home",
            tables=[TableSpec(name, indexes) for name, indexes in TABLES],
            queues=[*queues, QueueSpec(SHARED_QUEUE, False, VISIBILITY_SECONDS, MAX_RECEIVES)],
            buckets=BUCKETS,
            clock=Clock(clock.now_ms, clock.now_ms),
        )
        stated = {"push_url": gateway.url, "push_token": TOKEN}
        (folder / "home" / "gateway.json").write_text(json.dumps(stated))
        with engine:
            yield Subject(engine, clock.pass_time, gateway.connect)
