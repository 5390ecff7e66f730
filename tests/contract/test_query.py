"""The Table port's queries: ranges of the sort key, indexes, pages and cursors."""

import time

import pytest

from tests.contract.harness import eventually
from waypost.errors import ValidationError
from waypost.ports import Item, Key, Page, Put, Table, Update

# In the order of their UTF-8 bytes.
SORTED = ["A", "B#1", "B#10", "B#2", "B$", "C", "a", "ä", "\uffff", "\U00010000", "\U0010ffff", "\U0010ffffx"]


@pytest.fixture
def filled(table: Table, pk: str) -> Table:
    table.transact([Put({"pk": pk, "sk": sk}) for sk in reversed(SORTED)])
    table.put({"pk": pk + "x", "sk": "B#1"})
    return table


def keys(page: Page) -> list[object]:
    return [item["sk"] for item in page.items]


def test_a_partition_comes_in_the_order_of_its_sort_keys_bytes(filled: Table, pk: str) -> None:
    assert keys(filled.query(pk)) == SORTED
    assert keys(filled.query(pk, descending=True)) == SORTED[::-1]
    assert filled.query(pk + "none") == Page([], None)


def test_begins_with(filled: Table, pk: str) -> None:
    assert keys(filled.query(pk, begins_with="B#")) == ["B#1", "B#10", "B#2"]
    assert keys(filled.query(pk, begins_with="B#", descending=True)) == ["B#2", "B#10", "B#1"]
    assert keys(filled.query(pk, begins_with="\U0010ffff")) == ["\U0010ffff", "\U0010ffffx"]
    assert keys(filled.query(pk, begins_with="\ud7ff")) == []
    assert keys(filled.query(pk, begins_with="none")) == []


def test_between_includes_both_ends(filled: Table, pk: str) -> None:
    assert keys(filled.query(pk, between=("B#1", "C"))) == ["B#1", "B#10", "B#2", "B$", "C"]
    assert keys(filled.query(pk, between=("C", "C"))) == ["C"]
    assert keys(filled.query(pk, between=("B#11", "B#19"))) == []


def test_after_excludes_its_bound(filled: Table, pk: str) -> None:
    assert keys(filled.query(pk, after="ä")) == SORTED[8:]
    assert keys(filled.query(pk, after="ä", limit=2)) == SORTED[8:10]
    assert keys(filled.query(pk, after="C", descending=True)) == SORTED[:5:-1]


@pytest.mark.parametrize(
    "asked",
    [
        {"begins_with": "A", "after": "A"},
        {"begins_with": "A", "between": ("A", "B")},
        {"between": ("B", "A")},
        {"begins_with": ""},
        {"after": ""},
        {"limit": 0},
        {"cursor": "nonsense"},
        {"index": "no_such_index"},
    ],
    ids=str,
)
def test_what_has_no_meaning_is_refused(table: Table, pk: str, asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        table.query(pk, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 4, 12, 13])
def test_pages_joined_are_the_whole(filled: Table, pk: str, limit: int, descending: bool) -> None:
    found, cursor = [], None
    while True:
        page = filled.query(pk, limit=limit, descending=descending, cursor=cursor)
        assert len(page.items) <= limit
        found += keys(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert found == (SORTED[::-1] if descending else SORTED)


def test_a_cursor_goes_on_within_the_same_range(filled: Table, pk: str) -> None:
    first = filled.query(pk, begins_with="B#", limit=2)
    assert keys(first) == ["B#1", "B#10"]
    second = filled.query(pk, begins_with="B#", limit=2, cursor=first.cursor)
    assert keys(second) == ["B#2"]
    assert second.cursor is None


def test_a_cursor_stays_good_while_items_come_and_go(filled: Table, pk: str) -> None:
    first = filled.query(pk, limit=3)
    filled.delete(Key(pk, "B#10"))
    filled.put({"pk": pk, "sk": "B#15"})
    assert keys(filled.query(pk, limit=3, cursor=first.cursor)) == ["B#15", "B#2", "B$"]


def test_a_cursor_belongs_to_its_partition(filled: Table, pk: str) -> None:
    cursor = filled.query(pk, limit=2).cursor
    with pytest.raises(ValidationError):
        filled.query(pk + "x", limit=2, cursor=cursor)


def test_a_page_has_at_most_1_mb(table: Table, pk: str) -> None:
    for n in range(4):
        table.put({"pk": pk, "sk": str(n), "x": b"x" * 300_000})
    first = table.query(pk)
    assert keys(first) == ["0", "1", "2"]
    assert keys(table.query(pk, cursor=first.cursor)) == ["3"]


def chat(table: Table, name: str) -> list[Item]:
    return table.query(name, index="by_chat").items


def test_an_index_holds_items_that_have_both_attributes(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "2", "chat_pk": pk, "chat_sk": "b", "x": b"\x01"})
    table.put({"pk": pk + "other", "sk": "1", "chat_pk": pk, "chat_sk": "a"})
    table.put({"pk": pk, "sk": "3", "chat_pk": pk})
    table.put({"pk": pk, "sk": "4", "chat_sk": "c"})
    found = eventually(lambda: chat(table, pk), lambda items: len(items) == 2)
    assert found == [
        {"pk": pk + "other", "sk": "1", "chat_pk": pk, "chat_sk": "a"},
        {"pk": pk, "sk": "2", "chat_pk": pk, "chat_sk": "b", "x": b"\x01"},
    ]
    assert table.query(pk, index="by_due").items == []


def test_an_index_follows_every_kind_of_write(table: Table, pk: str) -> None:
    def places() -> list[tuple[object, object]]:
        return [(item["sk"], item["chat_sk"]) for item in chat(table, pk)]

    def settles(wanted: list[tuple[object, object]]) -> bool:
        return eventually(places, lambda seen: seen == wanted) == wanted

    table.transact([Put({"pk": pk, "sk": sk, "chat_pk": pk, "chat_sk": "m"}) for sk in "123"])
    assert settles([("1", "m"), ("2", "m"), ("3", "m")])
    table.update(Update(Key(pk, "2"), set={"chat_sk": "a"}))
    assert settles([("2", "a"), ("1", "m"), ("3", "m")])
    table.update(Update(Key(pk, "3"), remove=("chat_pk",)))
    assert settles([("2", "a"), ("1", "m")])
    table.delete(Key(pk, "2"))
    assert settles([("1", "m")])
    table.put({"pk": pk, "sk": "1", "x": 1})
    assert settles([])


def test_an_index_shows_what_the_item_holds_now(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "1", "chat_pk": pk, "chat_sk": "m", "n": 1})
    table.update(Update(Key(pk, "1"), add={"n": 1}))
    found = eventually(lambda: chat(table, pk), lambda items: bool(items) and items[0]["n"] == 2)
    assert [item["n"] for item in found] == [2]


@pytest.mark.parametrize("descending", [False, True])
def test_an_index_is_read_in_ranges_and_pages(table: Table, pk: str, descending: bool) -> None:
    table.transact([Put({"pk": pk, "sk": str(n), "chat_pk": pk, "chat_sk": f"{n // 3:02}"}) for n in range(30)])
    eventually(lambda: chat(table, pk), lambda items: len(items) == 30)
    found: list[tuple[object, object]] = []
    cursor = None
    while True:
        page = table.query(pk, index="by_chat", between=("02", "07"), limit=4, descending=descending, cursor=cursor)
        found += [(item["chat_sk"], item["sk"]) for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert [place for place, _ in found] == sorted((place for place, _ in found), key=str, reverse=descending)
    assert sorted(found, key=str) == sorted(((f"{n // 3:02}", str(n)) for n in range(6, 24)), key=str)


@pytest.mark.parametrize("value", [None, 5, b"x", ""])
def test_an_indexs_key_attribute_is_a_string_or_missing(table: Table, pk: str, value: str | int | bytes | None) -> None:
    with pytest.raises(ValidationError):
        table.put({"pk": pk, "sk": "1", "chat_pk": value, "chat_sk": "m"})
    table.put({"pk": pk, "sk": "1", "chat_pk": pk, "chat_sk": "m"})
    with pytest.raises(ValidationError):
        table.update(Update(Key(pk, "1"), set={"chat_sk": value}))


def test_items_past_their_ttl_are_still_read_for_a_while(table: Table, pk: str) -> None:
    """DynamoDB deletes them hours later: whoever reads must look at the time too."""
    table.put({"pk": pk, "sk": "1", "ttl": int(time.time()) - 1})
    table.put({"pk": pk, "sk": "2", "ttl": "not a number"})
    assert keys(table.query(pk)) == ["1", "2"]
