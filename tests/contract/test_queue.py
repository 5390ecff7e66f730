"""The Queue port: what both kinds of queue promise about visibility, waiting, dead letters and limits."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.harness import MAX_RECEIVES, SHARED_QUEUE, VISIBILITY_SECONDS, Subject, eventually
from waypost.errors import NotFound, TooLarge, ValidationError
from waypost.ports import MAX_DELAY_SECONDS, MAX_QUEUE_BODY_BYTES, Engine, Queue


@pytest.fixture(params=["fifo", "standard"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def queue(kind: str, engine: Engine, session_id: str) -> Queue:
    return engine.queues.queue(f"{kind}-{session_id}")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def send(queue: Queue, kind: str, body: str = "a") -> str:
    if kind == "fifo":
        return queue.send(body, group="g", deduplication_id=uuid.uuid4().hex)
    return queue.send(body)


def test_a_message_in_flight_is_hidden_until_its_visibility_ends(subject: Subject, queue: Queue, kind: str) -> None:
    send(queue, kind)
    (first,) = queue.receive()
    assert queue.receive() == []
    subject.pass_time(VISIBILITY_SECONDS + subject.lag)
    (second,) = queue.receive()
    assert (second.message_id, second.receive_count, second.sent_ms) == (first.message_id, 2, first.sent_ms)
    assert second.receipt != first.receipt


def test_a_deleted_message_does_not_come_again(subject: Subject, queue: Queue, kind: str) -> None:
    send(queue, kind)
    (message,) = queue.receive()
    queue.delete(message.receipt)
    queue.delete(message.receipt)
    subject.pass_time(VISIBILITY_SECONDS + subject.lag)
    assert queue.receive() == []
    assert queue.depth() == 0


def test_a_receipt_of_an_earlier_receive_does_nothing(queue: Queue, kind: str) -> None:
    send(queue, kind)
    (first,) = queue.receive()
    queue.change_visibility(first.receipt, 0)
    (second,) = queue.receive()
    queue.delete(first.receipt)
    with pytest.raises(NotFound):
        queue.change_visibility(first.receipt, 0)
    with pytest.raises(NotFound):
        queue.dead_letter(first.receipt, "no")
    assert queue.receive() == []
    queue.change_visibility(second.receipt, 0)
    assert len(queue.receive()) == 1


def test_a_message_no_longer_in_flight_cannot_be_changed(subject: Subject, queue: Queue, kind: str) -> None:
    send(queue, kind)
    (message,) = queue.receive()
    subject.pass_time(VISIBILITY_SECONDS + subject.lag)
    with pytest.raises(NotFound):
        queue.change_visibility(message.receipt, 10)
    with pytest.raises(NotFound):
        queue.dead_letter(message.receipt, "late")
    (again,) = queue.receive()
    queue.delete(again.receipt)
    with pytest.raises(NotFound):
        queue.change_visibility(again.receipt, 10)
    with pytest.raises(NotFound):
        queue.dead_letter(again.receipt, "gone")
    assert queue.dead_letters() == []


def test_a_receipt_of_no_message_does_nothing(queue: Queue) -> None:
    for receipt in ("", "nonsense", "1-", "-1-a", "99999999999999999999-00", "1-0000000000000000"):
        queue.delete(receipt)
        with pytest.raises(NotFound):
            queue.change_visibility(receipt, 1)


def test_visibility_can_be_extended_and_starts_anew(subject: Subject, queue: Queue, kind: str) -> None:
    send(queue, kind)
    (message,) = queue.receive()
    subject.pass_time(VISIBILITY_SECONDS * 0.6)
    queue.change_visibility(message.receipt, VISIBILITY_SECONDS)
    subject.pass_time(VISIBILITY_SECONDS * 0.6)
    assert queue.receive() == []
    subject.pass_time(VISIBILITY_SECONDS * 0.6 + subject.lag)
    assert len(queue.receive()) == 1


def test_a_receive_may_choose_its_visibility(subject: Subject, queue: Queue, kind: str) -> None:
    send(queue, kind)
    queue.receive(visibility_seconds=VISIBILITY_SECONDS + 2)
    subject.pass_time(VISIBILITY_SECONDS + 0.5)
    assert queue.receive() == []
    subject.pass_time(1.5 + subject.lag)
    assert len(queue.receive(visibility_seconds=0)) == 1
    assert len(queue.receive()) == 1


def test_after_max_receives_a_message_is_dead_with_the_reason(subject: Subject, queue: Queue, kind: str) -> None:
    message_id = send(queue, kind, "worn")
    for count in range(1, MAX_RECEIVES + 1):
        (message,) = queue.receive()
        assert message.receive_count == count
        queue.change_visibility(message.receipt, 0)
    assert queue.receive() == []
    (letter,) = eventually(queue.dead_letters, bool)
    assert (letter.body, letter.message_id, letter.receive_count) == ("worn", message_id, MAX_RECEIVES)
    assert letter.group == ("g" if kind == "fifo" else None)
    assert str(MAX_RECEIVES) in letter.reason
    assert "worn" not in letter.reason
    assert letter.died_ms > 1_600_000_000_000
    assert queue.depth() == 0


def test_a_dead_message_makes_way_for_its_followers(queue: Queue, kind: str) -> None:
    send(queue, kind, "worn")
    for _ in range(MAX_RECEIVES):
        queue.change_visibility(queue.receive()[0].receipt, 0)
    send(queue, kind, "next")
    found = eventually(queue.receive, bool)
    assert [message.body for message in found] == ["next"]


def test_a_message_in_flight_can_be_buried_with_a_reason(queue: Queue, kind: str) -> None:
    for body in "ab":
        send(queue, kind, body)
    for reason in ("no such number", "expired"):
        (message,) = queue.receive(limit=1)
        queue.dead_letter(message.receipt, reason)
        with pytest.raises(NotFound):
            queue.change_visibility(message.receipt, 1)
    letters = eventually(queue.dead_letters, lambda found: len(found) == 2)
    assert sorted((letter.body, letter.receive_count) for letter in letters) == [("a", 1), ("b", 1)]
    assert [letter.reason for letter in letters] == ["no such number", "expired"]
    assert len(queue.dead_letters(limit=1)) == 1
    assert queue.receive() == []


def test_depth_counts_what_waits_and_what_is_in_flight(queue: Queue, kind: str) -> None:
    for _ in range(3):
        send(queue, kind)
    assert eventually(queue.depth, lambda depth: depth == 3) == 3
    (message,) = queue.receive(limit=1)
    assert eventually(queue.depth, lambda depth: depth == 3) == 3
    queue.delete(message.receipt)
    assert eventually(queue.depth, lambda depth: depth == 2) == 2


def test_a_receive_gives_at_most_what_was_asked(queue: Queue, kind: str) -> None:
    for _ in range(12):
        send(queue, kind)
    assert len(queue.receive(limit=1)) == 1
    assert len(queue.receive(limit=10)) <= 10


@pytest.mark.parametrize(
    "asked",
    [{"limit": 0}, {"limit": 11}, {"wait_seconds": 21}, {"wait_seconds": -1}, {"visibility_seconds": 43201}],
    ids=str,
)
def test_a_receive_stays_within_sqs_limits(queue: Queue, asked: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        queue.receive(**asked)


def test_a_body_has_at_most_1_mib_and_is_not_empty(queue: Queue, kind: str) -> None:
    send(queue, kind, "x" * MAX_QUEUE_BODY_BYTES)
    assert len(queue.receive()[0].body) == MAX_QUEUE_BODY_BYTES
    for body in ("x" * (MAX_QUEUE_BODY_BYTES + 1), "ä" * (MAX_QUEUE_BODY_BYTES // 2 + 1)):
        with pytest.raises(TooLarge):
            send(queue, kind, body)
    for body in ("", "\0", "\x1f", "\ufffe", "\ud800"):
        with pytest.raises(ValidationError):
            send(queue, kind, body)
    assert queue.depth() == 1


def test_waiting_ends_when_a_message_is_sent(queue: Queue, kind: str, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(queue.receive, wait_seconds=10)
    time.sleep(0.1)
    began = time.monotonic()
    send(queue, kind, "woken")
    assert [message.body for message in waiting.result()] == ["woken"]
    assert time.monotonic() - began < 2


def test_waiting_ends_when_time_is_up(queue: Queue) -> None:
    began = time.monotonic()
    assert queue.receive(wait_seconds=1) == []
    assert 0.9 < time.monotonic() - began < 3


def test_waiting_ends_when_a_message_becomes_visible(queue: Queue, kind: str) -> None:
    send(queue, kind)
    queue.receive(visibility_seconds=1)
    began = time.monotonic()
    assert len(queue.receive(wait_seconds=10)) == 1
    assert 0.5 < time.monotonic() - began < 4


def test_waiting_ends_when_a_message_is_given_back(queue: Queue, kind: str, pool: ThreadPoolExecutor) -> None:
    send(queue, kind)
    (message,) = queue.receive(visibility_seconds=30)
    waiting = pool.submit(queue.receive, wait_seconds=10)
    time.sleep(0.1)
    queue.change_visibility(message.receipt, 0)
    assert len(waiting.result(timeout=3)) == 1


def test_waiting_ends_when_a_group_is_free(fifo: Queue, pool: ThreadPoolExecutor) -> None:
    for body in "ab":
        send(fifo, "fifo", body)
    (first,) = fifo.receive(limit=1, visibility_seconds=30)
    waiting = pool.submit(fifo.receive, wait_seconds=10)
    time.sleep(0.1)
    assert not waiting.done()
    fifo.delete(first.receipt)
    assert [message.body for message in waiting.result(timeout=3)] == ["b"]


def test_a_wait_that_sees_a_shorter_visibility_wakes_then(queue: Queue, kind: str, pool: ThreadPoolExecutor) -> None:
    send(queue, kind)
    (message,) = queue.receive(visibility_seconds=30)
    waiting = pool.submit(queue.receive, wait_seconds=10)
    time.sleep(0.1)
    queue.change_visibility(message.receipt, 1)
    assert len(waiting.result(timeout=4)) == 1


def test_many_receivers_at_once_share_the_messages(queue: Queue, kind: str) -> None:
    """Nothing comes twice, nothing is left, and a group's order holds across receivers."""
    sent = [f"{n:02}" for n in range(40)]
    seen: list[str] = []

    def drain() -> None:
        while batch := queue.receive(limit=3, wait_seconds=0.3, visibility_seconds=30):
            for message in batch:
                seen.append(message.body)
                queue.delete(message.receipt)

    receivers = [threading.Thread(target=drain) for _ in range(4)]
    for receiver in receivers:
        receiver.start()
    for body in sent:
        send(queue, kind, body)
    for receiver in receivers:
        receiver.join()
    assert sorted(seen) == sent
    if kind == "fifo":
        assert seen == sent


def test_a_delayed_message_is_hidden_for_its_delay(subject: Subject, standard: Queue) -> None:
    standard.send("late", delay_seconds=2)
    standard.send("now")
    assert standard.depth() == 2
    assert [message.body for message in standard.receive(visibility_seconds=600)] == ["now"]
    subject.pass_time(1.5)
    assert standard.receive() == []
    subject.pass_time(0.5 + subject.lag)
    (late,) = standard.receive()
    assert (late.body, late.receive_count) == ("late", 1)


def test_waiting_ends_when_a_delay_is_over(standard: Queue, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(standard.receive, wait_seconds=10)
    time.sleep(0.1)
    standard.send("late", delay_seconds=1)
    began = time.monotonic()
    assert [message.body for message in waiting.result(timeout=4)] == ["late"]
    assert time.monotonic() - began > 0.8


def test_a_delay_has_at_most_fifteen_minutes(subject: Subject, standard: Queue) -> None:
    for delay in (-1, MAX_DELAY_SECONDS + 1):
        with pytest.raises(ValidationError):
            standard.send("a", delay_seconds=delay)
    standard.send("a", delay_seconds=MAX_DELAY_SECONDS)
    subject.pass_time(MAX_DELAY_SECONDS - 5)
    assert standard.receive() == []
    subject.pass_time(6)
    assert len(standard.receive()) == 1


def test_a_standard_queue_takes_no_deduplication_id(standard: Queue) -> None:
    with pytest.raises(ValidationError):
        standard.send("a", deduplication_id="1")
    standard.send("same")
    standard.send("same")
    assert standard.depth() == 2


def test_a_message_in_flight_blocks_nothing_in_a_standard_queue(standard: Queue) -> None:
    for body in "abc":
        standard.send(body)
    seen = {standard.receive(limit=1)[0].body for _ in range(3)}
    assert seen == set("abc")


def test_queues_of_the_blueprint_are_there(engine: Engine) -> None:
    queue = engine.queues.queue(SHARED_QUEUE)
    body = uuid.uuid4().hex
    queue.send(body)
    found = eventually(lambda: queue.receive(), bool)
    assert [message.body for message in found] == [body]
    queue.delete(found[0].receipt)


def test_an_unknown_queue_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.queues.queue("no-such-queue").send("a")
    with pytest.raises(NotFound):
        engine.queues.queue("no-such-queue").receive()


def test_a_sessions_queues_are_made_once_and_keep_what_they_hold(engine: Engine, session_id: str) -> None:
    queue = engine.queues.queue(f"standard-{session_id}")
    queue.send("kept")
    engine.queues.create_session_queues(session_id)
    assert queue.depth() == 1


def test_a_sessions_queues_are_apart_from_anothers(engine: Engine, session_id: str) -> None:
    other = uuid.uuid4().hex
    engine.queues.create_session_queues(other)
    engine.queues.queue(f"fifo-{session_id}").send("mine", group="g", deduplication_id="1")
    engine.queues.queue(f"fifo-{other}").send("other", group="g", deduplication_id="1")
    assert [message.body for message in engine.queues.queue(f"fifo-{other}").receive()] == ["other"]
    engine.queues.delete_session_queues(other)
    assert [message.body for message in engine.queues.queue(f"fifo-{session_id}").receive()] == ["mine"]


def test_deleted_session_queues_are_gone(engine: Engine) -> None:
    name = uuid.uuid4().hex
    engine.queues.create_session_queues(name)
    queue = engine.queues.queue(f"standard-{name}")
    queue.send("a")
    engine.queues.delete_session_queues(name)
    with pytest.raises(NotFound):
        queue.send("b")
    engine.queues.delete_session_queues(name)


@pytest.mark.parametrize("session_id", ["", "has space", "a/b", "x" * 80])
def test_a_sessions_id_must_make_a_queue_name(engine: Engine, session_id: str) -> None:
    with pytest.raises(ValidationError):
        engine.queues.create_session_queues(session_id)
