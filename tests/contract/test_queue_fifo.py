"""The Queue port, FIFO: order and blocking by group, deduplication."""

import pytest

from tests.contract.harness import VISIBILITY_SECONDS, Subject
from waypost.errors import ValidationError
from waypost.ports import DEDUPLICATION_SECONDS, MAX_RECEIVE, Queue, Received


def send(queue: Queue, group: str, *bodies: str) -> None:
    for body in bodies:
        queue.send(body, group=group, deduplication_id=body)


def bodies(received: list[Received]) -> list[str]:
    return [message.body for message in received]


def test_a_received_message_tells_about_itself(fifo: Queue) -> None:
    message_id = fifo.send("hello \U0001f600\n", group="g", deduplication_id="1")
    (message,) = fifo.receive()
    assert message.body == "hello \U0001f600\n"
    assert message.message_id == message_id
    assert message.group == "g"
    assert message.receive_count == 1
    assert message.sent_ms > 1_600_000_000_000
    assert message.receipt


def test_order_holds_within_a_group(fifo: Queue) -> None:
    send(fifo, "g", *"abcdefghijkl")
    first = fifo.receive()
    assert bodies(first) == list("abcdefghij")[: len(first)]
    rest = []
    while batch := (first or fifo.receive()):
        rest += bodies(batch)
        for message in batch:
            fifo.delete(message.receipt)
        first = []
    assert rest == list("abcdefghijkl")


def test_a_group_with_a_message_in_flight_gives_none(fifo: Queue) -> None:
    send(fifo, "g", "a", "b", "c")
    (a,) = fifo.receive(limit=1)
    assert fifo.receive() == []
    fifo.delete(a.receipt)
    assert bodies(fifo.receive(limit=1)) == ["b"]


def test_a_group_stays_blocked_until_all_of_its_messages_in_flight_are_done(fifo: Queue) -> None:
    send(fifo, "g", "a", "b", "c")
    a, b = fifo.receive(limit=2)
    fifo.delete(a.receipt)
    assert fifo.receive() == []
    fifo.delete(b.receipt)
    assert bodies(fifo.receive()) == ["c"]


def test_a_blocked_group_does_not_hold_up_others(fifo: Queue) -> None:
    send(fifo, "g", "g1", "g2")
    send(fifo, "h", "h1")
    assert bodies(fifo.receive(limit=1)) == ["g1"]
    assert bodies(fifo.receive()) == ["h1"]
    send(fifo, "i", "i1")
    assert bodies(fifo.receive()) == ["i1"]


def test_a_message_given_back_comes_before_its_followers(fifo: Queue) -> None:
    send(fifo, "g", "a", "b")
    (a,) = fifo.receive(limit=1)
    fifo.change_visibility(a.receipt, 0)
    assert bodies(fifo.receive(limit=1)) == ["a"]


def test_a_message_whose_visibility_ended_comes_again_first(subject: Subject, fifo: Queue) -> None:
    send(fifo, "g", "a", "b")
    fifo.receive(limit=1)
    subject.pass_time(VISIBILITY_SECONDS + subject.lag)
    again = fifo.receive()
    assert bodies(again) == ["a", "b"]
    assert [message.receive_count for message in again] == [2, 1]


def test_a_duplicate_answers_with_the_first_id_and_is_not_queued(fifo: Queue) -> None:
    first = fifo.send("a", group="g", deduplication_id="same")
    assert fifo.send("another body", group="g", deduplication_id="same") == first
    assert fifo.send("a", group="g", deduplication_id="other") != first
    assert bodies(fifo.receive()) == ["a", "a"]


def test_a_duplicate_is_known_after_its_message_was_deleted(fifo: Queue) -> None:
    first = fifo.send("a", group="g", deduplication_id="same")
    fifo.delete(fifo.receive()[0].receipt)
    assert fifo.send("a", group="g", deduplication_id="same") == first
    assert fifo.receive() == []


def test_a_duplicate_is_forgotten_five_minutes_after_the_first_send(subject: Subject, fifo: Queue) -> None:
    first = fifo.send("a", group="g", deduplication_id="same")
    subject.pass_time(DEDUPLICATION_SECONDS - 10)
    assert fifo.send("a", group="g", deduplication_id="same") == first
    subject.pass_time(11)
    second = fifo.send("a", group="g", deduplication_id="same")
    assert second != first
    assert [message.message_id for message in fifo.receive()] == [first, second]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"group": "g"},
        {"deduplication_id": "1"},
        {"group": "", "deduplication_id": "1"},
        {"group": "g", "deduplication_id": ""},
        {"group": "has space", "deduplication_id": "1"},
        {"group": "g", "deduplication_id": "ä"},
        {"group": "g" * 129, "deduplication_id": "1"},
        {"group": "g", "deduplication_id": "1", "delay_seconds": 1},
    ],
    ids=str,
)
def test_a_fifo_queue_needs_group_and_deduplication_id_and_takes_no_delay(fifo: Queue, sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        fifo.send("a", **sent)  # type: ignore[arg-type]
    assert fifo.depth() == 0


def test_many_groups_share_one_receive(fifo: Queue) -> None:
    for group in "ghi":
        send(fifo, group, f"{group}1", f"{group}2")
    received: list[Received] = []
    while batch := fifo.receive(limit=MAX_RECEIVE):
        received += batch
        for message in batch:
            fifo.delete(message.receipt)
    for group in "ghi":
        assert [m.body for m in received if m.group == group] == [f"{group}1", f"{group}2"]
