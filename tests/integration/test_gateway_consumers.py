"""Queue consumers and schedules of one machine, on the embedded engine: real SQS events, partial failures, FIFO."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.blueprint import Function
from infra.local.consumers import Consumer, back_off
from infra.local.runtime import Event, Handler, LocalFunction
from infra.local.schedules import Schedule
from infra.local.sqs_events import to_keep
from waypost.engines.embedded.declarations import QueueSpec
from waypost.engines.embedded.engine import EmbeddedEngine, build_engine
from waypost.ports import Received

VISIBILITY = 1


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    queues = [
        QueueSpec("standard", fifo=False, visibility_seconds=VISIBILITY, max_receives=3),
        QueueSpec("fifo", fifo=True, visibility_seconds=VISIBILITY, max_receives=20),
    ]
    with build_engine(tmp_path, tables=[], queues=queues, buckets=[]) as built:
        yield built


class Recorder:
    """A function that writes down what it gets and fails what the test names, `fails` times each."""

    def __init__(self, *bodies: str, fails: int = 1) -> None:
        self.batches: list[list[str]] = []
        self.events: list[Event] = []
        self._left = dict.fromkeys(bodies, fails)

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        self.events.append(event)
        self.batches.append([record["body"] for record in event["Records"]])
        failed = [record["messageId"] for record in event["Records"] if self._fails(record["body"])]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}

    def _fails(self, body: str) -> bool:
        self._left[body] = self._left.get(body, 0) - 1
        return self._left[body] >= 0

    @property
    def bodies(self) -> list[str]:
        return [body for batch in self.batches for body in batch]


@contextmanager
def consuming(engine: EmbeddedEngine, queue: str, handler: Handler, batch: int = 10) -> Iterator[Consumer]:
    function = Function("worker", "none", "queue", queue, batch=batch, concurrency=2)
    consumer = Consumer(
        LocalFunction(function, handler),
        engine.queues.queue(queue),
        fifo=queue == "fifo",
        visibility_seconds=VISIBILITY,
    )
    consumer.start()
    try:
        yield consumer
    finally:
        consumer.stop()


def until(holds: Callable[[], bool], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.01)


def test_a_message_comes_as_an_sqs_record(engine: EmbeddedEngine) -> None:
    queue, seen = engine.queues.queue("fifo"), Recorder()
    message_id = queue.send("hello", group="g", deduplication_id="d")
    with consuming(engine, "fifo", seen):
        until(lambda: queue.depth() == 0)
    (record,) = seen.events[0]["Records"]
    assert record["messageId"] == message_id
    assert record["body"] == "hello"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(":fifo.fifo")
    assert record["receiptHandle"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["MessageGroupId"] == "g"
    assert abs(int(record["attributes"]["SentTimestamp"]) - time.time() * 1000) < 10_000


def test_only_what_failed_comes_again(engine: EmbeddedEngine) -> None:
    queue, seen = engine.queues.queue("standard"), Recorder("two")
    for body in ("one", "two", "three"):
        queue.send(body)
    with consuming(engine, "standard", seen):
        until(lambda: queue.depth() == 0)
    assert sorted(seen.bodies) == ["one", "three", "two", "two"]


def test_a_function_that_raises_gets_all_again_and_at_last_they_are_dead(engine: EmbeddedEngine) -> None:
    def broken(event: Event, context: object) -> None:
        raise ValueError("my secret")

    queue = engine.queues.queue("standard")
    queue.send("one")
    with consuming(engine, "standard", broken) as consumer:
        until(lambda: bool(queue.dead_letters()))
    assert consumer.errors == 3
    assert queue.dead_letters()[0].receive_count == 3


def test_errors_are_told_without_their_text(engine: EmbeddedEngine, caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event, context: object) -> None:
        raise ValueError("my secret")

    queue = engine.queues.queue("standard")
    queue.send("my secret")
    with consuming(engine, "standard", broken) as consumer:
        until(lambda: consumer.errors > 0)
    assert "ValueError at tests/integration/test_gateway_consumers.py" in caplog.text
    assert "secret" not in caplog.text


def test_behind_a_failure_a_group_keeps_its_order(engine: EmbeddedEngine) -> None:
    queue, seen = engine.queues.queue("fifo"), Recorder("a2")
    for body in ("a1", "a2", "a3", "b1", "b2"):
        queue.send(body, group=body[0], deduplication_id=body)
    with consuming(engine, "fifo", seen):
        until(lambda: queue.depth() == 0)
    in_group_a = [body for body in seen.bodies if body[0] == "a"]
    # The function had a3 beside the failed a2; it gets it again behind a2.
    assert in_group_a[-2:] == ["a2", "a3"]
    assert in_group_a[0] == "a1"
    assert [body for body in seen.bodies if body[0] == "b"] == ["b1", "b2"]


def received(*messages: str) -> list[Received]:
    return [Received(m, f"r-{m}", m, m[0], 1, 0) for m in messages]


@pytest.mark.parametrize(
    ("failed", "fifo", "kept"),
    [
        (set(), True, []),
        ({"a2"}, True, ["a2", "a3"]),
        ({"a2"}, False, ["a2"]),
        ({"b1"}, True, ["b1"]),
        ({"a1", "b1"}, True, ["a1", "a2", "b1", "a3"]),
        ({"unknown"}, False, ["a1", "a2", "b1", "a3"]),
    ],
)
def test_what_must_come_again(failed: set[str], fifo: bool, kept: Sequence[str]) -> None:
    messages = received("a1", "a2", "b1", "a3")
    assert [message.body for message in to_keep(messages, failed, fifo=fifo)] == kept


def test_the_back_off_doubles_up_to_the_visibility() -> None:
    assert [back_off(count, 30) for count in (1, 2, 3, 5, 6, 1000)] == [1, 2, 4, 16, 30, 30]


def test_as_many_batches_at_a_time_as_the_blueprint_says(engine: EmbeddedEngine) -> None:
    together = threading.Barrier(2)

    def meet(event: Event, context: object) -> None:
        together.wait(5)

    queue = engine.queues.queue("standard")
    queue.send("one")
    queue.send("two")
    with consuming(engine, "standard", meet, batch=1) as consumer:
        until(lambda: queue.depth() == 0)
    assert consumer.errors == 0


def test_a_schedule_calls_at_once_and_at_its_rate_whatever_happens() -> None:
    calls: list[Event] = []

    def sweep(event: Event, context: object) -> None:
        calls.append(event)
        raise ValueError

    schedule = Schedule(LocalFunction(Function("sweeper", "none", "schedule", "60"), sweep), 0.05)
    schedule.start()
    until(lambda: len(calls) >= 3)
    schedule.stop()
    assert calls[0]["source"] == "aws.events"
    assert calls[0]["detail-type"] == "Scheduled Event"
    assert calls[0]["resources"][0].endswith("rule/sweeper")
