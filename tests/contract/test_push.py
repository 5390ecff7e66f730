"""The Push port: bytes to an open WebSocket connection."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.harness import Subject
from waypost.errors import NotFound, Throttled, TooLarge


def test_what_is_posted_arrives_in_order(subject: Subject) -> None:
    peer = subject.connect()
    for data in (b"1", b"2" * 128 * 1024, bytes(range(256))):
        subject.engine.push.post(peer.connection_id, data)
    assert peer.received() == [b"1", b"2" * 128 * 1024, bytes(range(256))]


def test_a_post_has_at_most_128_kb(subject: Subject) -> None:
    peer = subject.connect()
    with pytest.raises(TooLarge):
        subject.engine.push.post(peer.connection_id, b"x" * (128 * 1024 + 1))
    assert peer.received() == []


def test_a_connection_that_is_gone_is_not_found(subject: Subject) -> None:
    peer = subject.connect()
    peer.leave()
    with pytest.raises(NotFound):
        subject.engine.push.post(peer.connection_id, b"1")


def test_a_slow_connection_throttles(subject: Subject) -> None:
    peer = subject.connect()
    peer.stop_reading()
    with pytest.raises(Throttled):
        subject.engine.push.post(peer.connection_id, b"1")


def test_close_ends_the_connection_and_does_not_mind_one_that_is_gone(subject: Subject) -> None:
    peer = subject.connect()
    subject.engine.push.close(peer.connection_id)
    assert not peer.is_open()
    subject.engine.push.close(peer.connection_id)


def test_many_threads_post_at_once(subject: Subject) -> None:
    peers = [subject.connect() for _ in range(4)]

    def post(number: int) -> None:
        for n in range(10):
            subject.engine.push.post(peers[number].connection_id, str(n).encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, range(4)))
    assert [peer.received() for peer in peers] == [[str(n).encode() for n in range(10)]] * 4
