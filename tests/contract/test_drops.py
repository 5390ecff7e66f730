"""The Drops port: what lies there now, its versions, what is told beside it, and moving it away."""

import uuid

import pytest

from tests.contract.harness import Subject
from waypost.errors import ConditionFailed, WaypostError
from waypost.ports import Dropped, Drops, Engine

BIG = bytes(range(256)) * 12_000


@pytest.fixture
def drops(engine: Engine) -> Drops:
    return engine.drops


@pytest.fixture
def place() -> str:
    return f"drop/{uuid.uuid4().hex}/+49 151 1234"


def look(drops: Drops, key: str) -> Dropped:
    found = drops.look(key)
    assert found is not None
    return found


def read(drops: Drops, dropped: Dropped) -> bytes:
    return b"".join(drops.read(dropped))


def test_what_lies_there_is_seen_and_read(drops: Drops, place: str) -> None:
    for name, data in (("a.bin", BIG), ("empty", b""), ("Bär 100%+ 😀 #?.txt", b"x"), ("n" * 200, b"y")):
        drops.write(f"{place}/{name}", data)
        found = look(drops, f"{place}/{name}")
        assert (found.key, found.size, found.metadata) == (f"{place}/{name}", len(data), {})
        assert read(drops, found) == data
    assert drops.look(f"{place}/b.bin") is None
    assert drops.look(place) is None


def test_what_is_put_anew_is_another_version_also_with_the_same_bytes(
    drops: Drops, place: str, subject: Subject
) -> None:
    key = f"{place}/a"
    drops.write(key, b"one")
    first = look(drops, key)
    assert look(drops, key) == first
    subject.pass_time(1.1) if subject.lag > 1 else None  # the stand-in's tag is of the bytes alone: its time tells
    drops.write(key, b"one")
    second = look(drops, key)
    assert second.version != first.version
    assert second.arrived_ms >= first.arrived_ms
    drops.write(key, b"two")
    for act in (lambda: read(drops, first), lambda: drops.move(first, "rejected/x"), lambda: drops.delete(first)):
        with pytest.raises(ConditionFailed):
            act()
    assert read(drops, look(drops, key)) == b"two"


def test_what_is_gone_is_another_version_too(drops: Drops, place: str) -> None:
    drops.write(f"{place}/a", b"one")
    found = look(drops, f"{place}/a")
    drops.delete(found)
    for act in (lambda: read(drops, found), lambda: drops.move(found, "rejected/x"), lambda: drops.delete(found)):
        with pytest.raises(ConditionFailed):
            act()
    assert drops.look("rejected/x") is None


def test_tags_are_noted_and_change_no_version(drops: Drops, place: str) -> None:
    key = f"{place}/a.pdf"
    assert drops.tags(key) == {}
    drops.write(key, b"one")
    found = look(drops, key)
    drops.tag(key, {"waypost-status": "accepted", "waypost-code": "a_b"})
    drops.tag(key, {"waypost-status": "sent"})
    assert drops.tags(key) == {"waypost-status": "sent"}
    assert look(drops, key).version == found.version
    drops.tag(f"{place}-nobody/b", {"waypost-status": "sent"})


def test_moving_takes_nobodys_place(drops: Drops, place: str) -> None:
    to = f"{place.replace('drop', 'rejected', 1)}/a"
    drops.write(f"{place}/a", b"one")
    drops.write(f"{place}/b", b"two")
    drops.move(look(drops, f"{place}/a"), to)
    assert drops.look(f"{place}/a") is None
    with pytest.raises(ConditionFailed):
        drops.move(look(drops, f"{place}/b"), to)
    assert read(drops, look(drops, to)) == b"one"
    assert read(drops, look(drops, f"{place}/b")) == b"two"


def test_emptying_removes_what_was_seen_to_before_that_time(drops: Drops, place: str) -> None:
    key = f"{place}/a"
    drops.write(key, b"one")
    drops.tag(key, {"waypost-status": "sent"})
    refused = f"{place.replace('drop', 'rejected', 1)}/b"
    drops.write(refused, b"two")
    arrived = look(drops, refused).arrived_ms
    drops.empty(arrived - 3_600_000)
    assert drops.look(key) is not None
    assert drops.empty(arrived + 3_600_000) >= 2
    assert (drops.look(key), drops.look(refused), drops.tags(key)) == (None, None, {})


@pytest.mark.parametrize("key", ["drop/../waypost.db", "drop/a/../../keys/master.key", "keys/master.key", "drop/"])
def test_nothing_outside_of_the_drop_is_seen(drops: Drops, key: str) -> None:
    assert drops.look(key) is None
    with pytest.raises(WaypostError):
        raise drops_error(drops, key)


def drops_error(drops: Drops, key: str) -> Exception:
    try:
        read(drops, Dropped(key, "1-1", 1, 1))
    except WaypostError as error:
        return error
    return AssertionError("it was read")
