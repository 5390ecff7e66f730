"""The Blobs port: whole objects by key, listing, and a put that only one of many wins."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from waypost.errors import ConditionFailed, NotFound, ValidationError
from waypost.ports import Blobs, Engine


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


def test_what_was_put_is_got_back(bucket: Blobs, prefix: str) -> None:
    for data in (b"", bytes(range(256)) * 1000):
        bucket.put(f"{prefix}/a", data)
        assert bucket.get(f"{prefix}/a") == data


def test_the_entity_tag_tells_contents_apart(bucket: Blobs, prefix: str) -> None:
    first = bucket.put(f"{prefix}/a", b"1")
    assert first
    assert bucket.put(f"{prefix}/a", b"2") != first


def test_a_missing_object_is_not_found(bucket: Blobs, prefix: str) -> None:
    with pytest.raises(NotFound):
        bucket.get(f"{prefix}/a")
    bucket.put(f"{prefix}/a/b", b"1")
    with pytest.raises(NotFound):
        bucket.get(f"{prefix}/a")


def test_a_deleted_object_is_gone_and_deleting_again_does_not_mind(bucket: Blobs, prefix: str) -> None:
    bucket.put(f"{prefix}/a", b"1")
    bucket.delete(f"{prefix}/a")
    bucket.delete(f"{prefix}/a")
    with pytest.raises(NotFound):
        bucket.get(f"{prefix}/a")
    assert bucket.list(prefix) == []


def test_if_absent_refuses_a_key_that_is_taken(bucket: Blobs, prefix: str) -> None:
    bucket.put(f"{prefix}/a", b"first", if_absent=True)
    with pytest.raises(ConditionFailed):
        bucket.put(f"{prefix}/a", b"second", if_absent=True)
    assert bucket.get(f"{prefix}/a") == b"first"
    bucket.delete(f"{prefix}/a")
    bucket.put(f"{prefix}/a", b"third", if_absent=True)
    assert bucket.get(f"{prefix}/a") == b"third"


def test_of_many_that_put_if_absent_one_wins(bucket: Blobs, prefix: str) -> None:
    together = threading.Barrier(4)

    def attempt(number: int, key: str) -> int | None:
        together.wait()
        try:
            bucket.put(key, str(number).encode(), if_absent=True)
        except ConditionFailed:
            return None
        return number

    with ThreadPoolExecutor(4) as pool:
        for round_ in range(40):
            key = f"{prefix}/{round_}"
            tries = [pool.submit(attempt, number, key) for number in range(4)]
            winners = [number for each in tries if (number := each.result()) is not None]
            assert len(winners) == 1
            assert bucket.get(key) == str(winners[0]).encode()


def test_a_reader_never_sees_half_an_object(bucket: Blobs, prefix: str) -> None:
    contents = [bytes([letter]) * 200_000 for letter in b"ab"]
    bucket.put(f"{prefix}/a", contents[0])
    with ThreadPoolExecutor(2) as pool:
        writes = [pool.submit(bucket.put, f"{prefix}/a", contents[n % 2]) for n in range(20)]
        while not all(write.done() for write in writes):
            assert bucket.get(f"{prefix}/a") in contents


def test_list_gives_the_keys_that_begin_with_the_prefix_in_order(bucket: Blobs, prefix: str) -> None:
    names = ["a", "a/b", "a/b/c", "a=b", "ab", "ä %/\U0001f600", "b.tmp"]
    for name in names:
        bucket.put(f"{prefix}/{name}", name.encode())
    assert bucket.list(f"{prefix}/") == sorted(f"{prefix}/{name}" for name in names)
    assert bucket.list(f"{prefix}/a/") == [f"{prefix}/a/b", f"{prefix}/a/b/c"]
    assert bucket.list(f"{prefix}/a") == sorted(f"{prefix}/{name}" for name in names[:5])
    assert bucket.list(prefix[:-1] + "~") == []
    assert set(bucket.list("")) >= {f"{prefix}/{name}" for name in names}
    for name in names:
        assert bucket.get(f"{prefix}/{name}") == name.encode()


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "\ud800", "a/" * 600 + "a"]
)
def test_keys_that_leave_the_bucket_or_have_no_name_are_refused(bucket: Blobs, key: str) -> None:
    with pytest.raises(ValidationError):
        bucket.put(key, b"1")


def test_buckets_are_apart(engine: Engine, prefix: str) -> None:
    engine.blobs["media"].put(f"{prefix}/a", b"1")
    with pytest.raises(NotFound):
        engine.blobs["profiles"].get(f"{prefix}/a")
