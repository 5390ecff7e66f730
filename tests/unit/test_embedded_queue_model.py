"""The embedded queue against a model of SQS's rules, by sequences of calls that Hypothesis makes up."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from waypost.engines.embedded import QueueSpec, build_engine
from waypost.engines.embedded.clock import Clock
from waypost.errors import NotFound
from waypost.ports import DEDUPLICATION_SECONDS, Queue, Received

VISIBILITY = 30
MAX_RECEIVES = 3
START_MS = 1_800_000_000_000


@dataclass
class Sent:
    """What the model knows of a message that still exists."""

    message_id: str
    body: str
    group: str | None
    visible_at: int
    receives: int = 0
    receipt: str | None = None


@dataclass
class Model:
    fifo: bool
    now: int = START_MS
    waiting: list[Sent] = field(default_factory=list)
    dead: list[tuple[str, int, str]] = field(default_factory=list)
    first_sends: dict[str, tuple[int, str]] = field(default_factory=dict)

    def ready(self) -> list[Sent]:
        blocked = {sent.group for sent in self.waiting if sent.visible_at > self.now} if self.fifo else set()
        ready = [sent for sent in self.waiting if sent.visible_at <= self.now and sent.group not in blocked]
        return ready if self.fifo else sorted(ready, key=lambda sent: sent.visible_at)

    def in_flight(self, receipt: str) -> Sent | None:
        for sent in self.waiting:
            if sent.receipt == receipt and sent.visible_at > self.now:
                return sent
        return None

    def bury(self, sent: Sent, reason: str) -> None:
        self.waiting.remove(sent)
        self.dead.append((sent.message_id, sent.receives, reason))

    def take(self, limit: int, visibility: int) -> list[Sent]:
        taken: list[Sent] = []
        while True:
            ready = [sent for sent in self.ready() if sent not in taken][: limit - len(taken)]
            worn = [sent for sent in ready if sent.receives >= MAX_RECEIVES]
            for sent in worn:
                self.bury(sent, f"received {MAX_RECEIVES} times without success")
            for sent in ready:
                if sent not in worn:
                    sent.receives += 1
                    sent.visible_at = self.now + visibility * 1000
                    taken.append(sent)
            if not worn or len(taken) == limit:
                return taken


class QueueMachine(RuleBasedStateMachine):
    receipts: Bundle[str] = Bundle("receipts")
    groups = st.sampled_from(["g", "h", "i"])
    fifo = True

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(self.fifo)
        self.folder = tempfile.TemporaryDirectory()
        self.engine = build_engine(
            Path(self.folder.name) / "home",
            tables=[],
            queues=[QueueSpec("q", self.fifo, VISIBILITY, MAX_RECEIVES)],
            buckets=[],
            clock=Clock(lambda: self.model.now, lambda: self.model.now),
        )
        self.queue: Queue = self.engine.queues.queue("q")
        self.count = 0

    def teardown(self) -> None:
        self.engine.close()
        self.folder.cleanup()

    @rule(
        seconds=st.one_of(
            st.integers(0, 40), st.sampled_from([VISIBILITY, DEDUPLICATION_SECONDS - 1, DEDUPLICATION_SECONDS, 901])
        )
    )
    def time_passes(self, seconds: int) -> None:
        self.model.now += seconds * 1000

    @rule(target=receipts, limit=st.integers(1, 10), visibility=st.one_of(st.none(), st.integers(1, 60)))
    def receive(self, limit: int, visibility: int | None) -> MultipleResults[str]:
        received = self.queue.receive(limit=limit, visibility_seconds=visibility)
        expected = self.model.take(limit, VISIBILITY if visibility is None else visibility)
        assert [seen(message) for message in received] == [
            (sent.message_id, sent.body, sent.group, sent.receives) for sent in expected
        ]
        for message, sent in zip(received, expected, strict=True):
            sent.receipt = message.receipt
        return multiple(*(message.receipt for message in received))

    @rule(receipt=receipts)
    def delete(self, receipt: str) -> None:
        self.queue.delete(receipt)
        for sent in list(self.model.waiting):
            still_good = not self.model.fifo or sent.visible_at > self.model.now
            if sent.receipt == receipt and still_good:
                self.model.waiting.remove(sent)

    @rule(receipt=receipts, seconds=st.sampled_from([0, 0, 1, 30, 100]))
    def change_visibility(self, receipt: str, seconds: int) -> None:
        sent = self.model.in_flight(receipt)
        try:
            self.queue.change_visibility(receipt, seconds)
        except NotFound:
            assert sent is None
        else:
            assert sent is not None
            sent.visible_at = self.model.now + seconds * 1000

    @rule(receipt=receipts)
    def bury(self, receipt: str) -> None:
        sent = self.model.in_flight(receipt)
        try:
            self.queue.dead_letter(receipt, "a reason")
        except NotFound:
            assert sent is None
        else:
            assert sent is not None
            self.model.bury(sent, "a reason")

    @invariant()
    def as_many_wait_and_as_many_are_dead(self) -> None:
        assert self.queue.depth() == len(self.model.waiting)
        letters = self.queue.dead_letters(limit=1000)
        assert [(letter.message_id, letter.receive_count, letter.reason) for letter in letters] == self.model.dead


class FifoMachine(QueueMachine):
    @rule(group=QueueMachine.groups, name=st.sampled_from("abcdefgh"), times=st.integers(1, 3))
    def send(self, group: str, name: str, times: int) -> None:
        """The same deduplication id may come again, at once or later."""
        for _ in range(times):
            self.count += 1
            message_id = self.queue.send(str(self.count), group=group, deduplication_id=name)
            at, first = self.model.first_sends.get(name, (0, ""))
            if at > self.model.now - DEDUPLICATION_SECONDS * 1000:
                assert message_id == first
            else:
                self.model.first_sends[name] = (self.model.now, message_id)
                self.model.waiting.append(Sent(message_id, str(self.count), group, self.model.now))

    @rule(group=QueueMachine.groups, count=st.integers(1, 4))
    def send_several(self, group: str, count: int) -> None:
        for _ in range(count):
            self.count += 1
            body = str(self.count)
            message_id = self.queue.send(body, group=group, deduplication_id=f"once-{body}")
            self.model.waiting.append(Sent(message_id, body, group, self.model.now))


class StandardMachine(QueueMachine):
    fifo = False

    @initialize()
    def start(self) -> None:
        assert not self.model.fifo

    @rule(delay=st.one_of(st.just(0), st.integers(0, 900)))
    def send(self, delay: int) -> None:
        self.count += 1
        message_id = self.queue.send(str(self.count), delay_seconds=delay)
        self.model.waiting.append(Sent(message_id, str(self.count), None, self.model.now + delay * 1000))


def seen(message: Received) -> tuple[str, str, str | None, int]:
    return message.message_id, message.body, message.group, message.receive_count


_SETTINGS = settings(
    max_examples=120, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestFifo = FifoMachine.TestCase
TestFifo.settings = _SETTINGS
TestStandard = StandardMachine.TestCase
TestStandard.settings = _SETTINGS
