"""The log of a session: numbered without gaps by many writers, fenced by the epoch (P4, P5)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.api_client import house
from waypost.bootstrap import App
from waypost.domain.event import Draft
from waypost.domain.lease import Head
from waypost.entities.event import list_events
from waypost.entities.head import claim, get_head, new_head
from waypost.errors import Fenced, NotFound, Tampered
from waypost.ports import MAX_TRANSACTION_WRITES, Clause, Key, Put, When
from waypost.services.journal import Entry, append, batches, open_event, read

SESSION, TENANT = "ses_" + "0" * 26, "ten_" + "0" * 26


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[App]:
    with house(tmp_path / "home") as app:
        app.table.transact([new_head(SESSION, TENANT)])
        yield app


def entry(text: str, *, count: int = 1, taken: str | None = None) -> Entry:
    """`taken` names an item that the entry makes, and that must not be there."""
    drafts = tuple(Draft("session_status", 1, {"text": text}) for _ in range(count))
    if taken is None:
        return Entry(drafts)
    absent = When.all(Clause("is new", "pk", "absent"))
    return Entry(drafts, (Put({"pk": f"THING#{taken}", "sk": "-"}, absent),))


def head_of(app: App) -> Head:
    head = get_head(app.table, SESSION)
    assert head is not None
    return head


def texts(app: App) -> list[str]:
    events = read(app.table, app.seals, SESSION, generation=1, after=0, limit=1000)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    return [event.data["text"] for event in events]


def test_writers_at_once_leave_no_gap(app: App) -> None:
    def write(writer: int) -> None:
        for turn in range(10):
            append([entry(f"{writer}-{turn}")], head=stale, table=app.table, seals=app.seals, epoch=None)

    stale = head_of(app)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert sorted(texts(app)) == sorted(f"{writer}-{turn}" for writer in range(8) for turn in range(10))
    assert head_of(app).number == 80


def test_a_batch_keeps_its_order(app: App) -> None:
    done = append([entry("a", count=2), entry("b")], head=head_of(app), table=app.table, seals=app.seals, epoch=None)
    assert (done.head.number, done.refused) == (3, ())
    assert texts(app) == ["a", "a", "b"]


def test_an_entry_whose_own_condition_fails_is_refused_alone(app: App) -> None:
    stale = head_of(app)
    append([entry("first", taken="x")], head=stale, table=app.table, seals=app.seals, epoch=None)
    entries = [entry("a"), entry("again", taken="x"), entry("b", taken="y")]
    done = append(entries, head=stale, table=app.table, seals=app.seals, epoch=None)
    assert (done.refused, done.head.number) == ((1,), 3)
    assert texts(app) == ["first", "a", "b"]
    assert app.table.get(Key("THING#y", "-")) is not None


def test_nothing_is_written_when_every_entry_is_refused(app: App) -> None:
    append([entry("first", taken="x")], head=head_of(app), table=app.table, seals=app.seals, epoch=None)
    done = append([entry("again", taken="x")], head=head_of(app), table=app.table, seals=app.seals, epoch=None)
    assert (done.refused, done.head.number) == ((0,), 1)
    assert texts(app) == ["first"]


def test_an_owner_of_an_earlier_epoch_is_fenced(app: App) -> None:
    first = claim(app.table, SESSION, "wrk_1", 0, 10)
    append([entry("mine")], head=first, table=app.table, seals=app.seals, epoch=first.epoch)
    second = claim(app.table, SESSION, "wrk_2", 10_000_000, 10_030_000)
    with pytest.raises(Fenced):
        append([entry("late")], head=first, table=app.table, seals=app.seals, epoch=first.epoch)
    append([entry("theirs")], head=second, table=app.table, seals=app.seals, epoch=second.epoch)
    assert texts(app) == ["mine", "theirs"]


def test_the_owner_and_others_write_side_by_side(app: App) -> None:
    owner = claim(app.table, SESSION, "wrk_1", 0, 10)
    append([entry("api")], head=owner, table=app.table, seals=app.seals, epoch=None)
    append([entry("owner")], head=owner, table=app.table, seals=app.seals, epoch=owner.epoch)
    assert texts(app) == ["api", "owner"]


def test_a_session_that_is_gone(app: App) -> None:
    gone = Head("ses_" + "1" * 26, TENANT)
    with pytest.raises(NotFound):
        append([entry("a")], head=gone, table=app.table, seals=app.seals, epoch=None)


def test_an_event_opens_in_its_own_place_only(app: App) -> None:
    append([entry("a"), entry("b")], head=head_of(app), table=app.table, seals=app.seals, epoch=None)
    one, two = list_events(app.table, SESSION, 1, after=0, limit=10)
    assert open_event(app.seals, one).data == {"text": "a"}
    moved = type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"data": two.data})
    with pytest.raises(Tampered):
        open_event(app.seals, moved)


@given(sizes=st.lists(st.integers(1, MAX_TRANSACTION_WRITES - 1), max_size=30))
def test_batches_keep_every_entry_and_fit_a_transaction(sizes: list[int]) -> None:
    entries = [entry(str(index), count=size) for index, size in enumerate(sizes)]
    pieces = batches(entries)
    assert [each for piece in pieces for each in piece] == entries
    assert all(sum(each.size for each in piece) + 1 <= MAX_TRANSACTION_WRITES for piece in pieces)
    assert all(pieces)
