"""The Table port: items, named conditions, updates, transactions and DynamoDB's limits."""

import threading

import pytest

from waypost.errors import (
    ConditionFailed,
    Throttled,
    TooLarge,
    TransactionConflict,
    ValidationError,
)
from waypost.ports import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_WRITES,
    Check,
    Clause,
    Delete,
    Engine,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    When,
)

IS_NEW = When.all(Clause("the item is new", "pk", "absent"))
EXISTS = When.all(Clause("the item exists", "pk", "exists"))


def count_is(value: int) -> When:
    return When.all(Clause(f"the count is {value}", "n", "eq", value))


def test_what_was_put_is_got_back_with_its_types(table: Table, pk: str) -> None:
    item: Item = {
        "pk": pk,
        "sk": "A",
        "text": "naïve \U0001f600 \0 $",
        "empty": "",
        "zero": 0,
        "big": 10**37 + 1,
        "negative": -5,
        "yes": True,
        "no": False,
        "nothing": None,
        "raw": bytes(range(256)),
        "empty_raw": b"",
        "list": [1, "1", True, None, b"\x01", [2], {"deep": [b"\x02"]}],
        "map": {"$": 1, "$b": b"x", "$$": {"a": []}, "plain": {}},
    }
    table.put(item)
    stored = table.get(Key(pk, "A"))
    assert stored == item
    assert stored is not None
    assert stored["yes"] is True
    assert type(stored["zero"]) is int
    assert type(stored["raw"]) is bytes


def test_tuples_come_back_as_lists(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "pair": (1, ("a", b"b"))})
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A", "pair": [1, ["a", b"b"]]}


def test_an_item_that_is_not_there_is_none(table: Table, pk: str) -> None:
    assert table.get(Key(pk, "A")) is None
    assert table.get(Key(pk, "A"), consistent=False) is None


def test_put_replaces_the_whole_item(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "old": 1})
    table.put({"pk": pk, "sk": "A", "new": 2})
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A", "new": 2}


def test_what_a_caller_changes_afterwards_is_not_stored(table: Table, pk: str) -> None:
    names: list[Value] = ["a"]
    table.put({"pk": pk, "sk": "A", "names": names})
    names.append("b")
    stored = table.get(Key(pk, "A"))
    assert stored is not None
    stored["names"] = "changed"
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A", "names": ["a"]}


def test_tables_are_apart(engine: Engine, pk: str) -> None:
    engine.main.put({"pk": pk, "sk": "A", "in": "main"})
    assert engine.wrapped_keys.get(Key(pk, "A")) is None


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        ("eq", 5, True),
        ("eq", "5", False),
        ("eq", 6, False),
        ("ne", 6, True),
        ("ne", 5, False),
        ("ne", "5", True),
        ("lt", 6, True),
        ("lt", 5, False),
        ("lt", 10, True),
        ("lt", "6", False),
        ("le", 5, True),
        ("le", 4, False),
        ("gt", 4, True),
        ("gt", -10, True),
        ("gt", 5, False),
        ("ge", 5, True),
        ("ge", 6, False),
        ("in", [1, 5], True),
        ("in", [1, "5"], False),
        ("exists", None, True),
        ("absent", None, False),
    ],
)
def test_clauses_on_a_number(table: Table, pk: str, op: str, value: Value, holds: bool) -> None:
    table.put({"pk": pk, "sk": "A", "n": 5})
    assert passes(table, Key(pk, "A"), Clause("c", "n", op, value)) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "op", "value", "holds"),
    [
        ("10", "lt", "9", True),
        ("\uffff", "lt", "\U00010000", True),  # by UTF-8 bytes; UTF-16 would say no
        ("Z", "lt", "a", True),
        ("a", "lt", "ä", True),
        (b"\x01", "lt", b"\x02", True),
        (b"\xff", "gt", b"\x7f", True),
        (True, "eq", 1, False),
        (True, "eq", True, True),
        (None, "eq", None, True),
        (None, "exists", None, True),
        ([1, {"a": b"b"}], "eq", [1, {"a": b"b"}], True),
        ([1], "eq", [True], False),
        ({"a": 1}, "ne", {"a": 2}, True),
        ("a", "in", ["b", "a"], True),
    ],
)
def test_clauses_compare_by_type(table: Table, pk: str, stored: Value, op: str, value: Value, holds: bool) -> None:
    table.put({"pk": pk, "sk": "A", "v": stored})
    assert passes(table, Key(pk, "A"), Clause("c", "v", op, value)) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize("there", [True, False], ids=["attribute missing", "item missing"])
@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        ("eq", 5, False),
        ("eq", None, False),
        ("ne", 5, True),
        ("lt", 5, False),
        ("le", 5, False),
        ("gt", 5, False),
        ("ge", 5, False),
        ("in", [5], False),
        ("exists", None, False),
        ("absent", None, True),
    ],
)
def test_a_missing_attribute_satisfies_only_ne_and_absent(
    table: Table, pk: str, there: bool, op: str, value: Value, holds: bool
) -> None:
    if there:
        table.put({"pk": pk, "sk": "A"})
    assert passes(table, Key(pk, "A"), Clause("c", "v", op, value)) is holds  # type: ignore[arg-type]


def passes(table: Table, key: Key, clause: Clause) -> bool:
    try:
        table.transact([Check(key, When.all(clause))])
    except ConditionFailed:
        return False
    return True


def test_a_condition_holds_when_every_clause_of_one_group_holds(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "n": 5, "state": "open"})
    five, open_, closed = (
        Clause("five", "n", "eq", 5),
        Clause("open", "state", "eq", "open"),
        Clause("closed", "state", "eq", "closed"),
    )
    table.put({"pk": pk, "sk": "A", "n": 5, "state": "open"}, when=When.all(five, open_))
    table.put({"pk": pk, "sk": "A", "n": 5, "state": "open"}, when=When.all(five, closed).or_all(open_))
    with pytest.raises(ConditionFailed):
        table.put({"pk": pk, "sk": "A"}, when=When.all(five, closed))
    with pytest.raises(ConditionFailed):
        table.put({"pk": pk, "sk": "A"}, when=When.all(five, closed).or_all(closed))
    table.put({"pk": pk, "sk": "A"}, when=When())


def test_a_failed_condition_says_its_name_and_changes_nothing(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "n": 1}, when=IS_NEW)
    with pytest.raises(ConditionFailed, match="the item is new") as caught:
        table.put({"pk": pk, "sk": "A", "n": 2}, when=IS_NEW)
    assert caught.value.failed == (0,)
    with pytest.raises(ConditionFailed, match="the count is 2"):
        table.update(Update(Key(pk, "A"), set={"n": 3}, when=count_is(2)))
    with pytest.raises(ConditionFailed, match="the count is 2"):
        table.delete(Key(pk, "A"), when=count_is(2))
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A", "n": 1}


def test_update_sets_adds_and_removes_and_returns_the_item(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "kept": 1, "n": 5, "gone": "x"})
    after = table.update(Update(Key(pk, "A"), set={"s": b"new"}, add={"n": -2, "fresh": 7}, remove=("gone", "never")))
    assert after == {"pk": pk, "sk": "A", "kept": 1, "n": 3, "s": b"new", "fresh": 7}
    assert table.get(Key(pk, "A")) == after


def test_update_creates_a_missing_item(table: Table, pk: str) -> None:
    assert table.update(Update(Key(pk, "A"), add={"n": 1})) == {"pk": pk, "sk": "A", "n": 1}
    with pytest.raises(ConditionFailed):
        table.update(Update(Key(pk, "C"), set={"x": 1}, when=EXISTS))
    assert table.get(Key(pk, "C")) is None


def test_an_update_of_nothing_creates_a_missing_item(table: Table, pk: str) -> None:
    assert table.update(Update(Key(pk, "A"))) == {"pk": pk, "sk": "A"}
    table.transact([Update(Key(pk, "B")), Check(Key(pk, "A"), EXISTS)])
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A"}


@pytest.mark.parametrize(
    "update",
    [
        Update(Key("P", "A"), set={"sk": "B"}),
        Update(Key("P", "A"), remove=("pk",)),
        Update(Key("P", "A"), set={"n": 1}, add={"n": 1}),
        Update(Key("P", "A"), set={"n": 1}, remove=("n",)),
    ],
    ids=["set a key", "remove a key", "set and add", "set and remove"],
)
def test_update_names_an_attribute_once_and_never_a_key(table: Table, update: Update) -> None:
    with pytest.raises(ValidationError):
        table.update(update)


def test_adding_to_what_is_no_number_is_refused(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "n": "1"})
    with pytest.raises(ValidationError):
        table.update(Update(Key(pk, "A"), add={"n": 1}))


def test_delete_removes_and_does_not_mind_a_missing_item(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A"})
    table.delete(Key(pk, "A"), when=EXISTS)
    assert table.get(Key(pk, "A")) is None
    table.delete(Key(pk, "A"))
    with pytest.raises(ConditionFailed):
        table.delete(Key(pk, "A"), when=EXISTS)


def test_a_transaction_applies_everything(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "old"})
    table.put({"pk": pk, "sk": "checked", "n": 1})
    table.transact(
        [
            Put({"pk": pk, "sk": "new", "x": 1}, IS_NEW),
            Update(Key(pk, "counter"), add={"n": 1}),
            Delete(Key(pk, "old"), EXISTS),
            Check(Key(pk, "checked"), count_is(1)),
        ]
    )
    assert [item["sk"] for item in table.query(pk).items] == ["checked", "counter", "new"]


def test_a_failed_transaction_applies_nothing_and_says_which_failed(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "there", "n": 1})
    with pytest.raises(ConditionFailed) as caught:
        table.transact(
            [
                Put({"pk": pk, "sk": "new"}, IS_NEW),
                Check(Key(pk, "there"), count_is(2)),
                Update(Key(pk, "counter"), add={"n": 1}),
                Put({"pk": pk, "sk": "there2"}, EXISTS),
            ]
        )
    assert caught.value.failed == (1, 3)
    assert [item["sk"] for item in table.query(pk).items] == ["there"]


def test_a_check_of_a_missing_item_may_be_what_is_wanted(table: Table, pk: str) -> None:
    table.transact([Check(Key(pk, "A"), IS_NEW), Put({"pk": pk, "sk": "B"})])
    assert table.get(Key(pk, "A")) is None


def test_a_transaction_has_one_to_a_hundred_writes_each_on_another_item(table: Table, pk: str) -> None:
    writes = [Put({"pk": pk, "sk": f"{n:03}"}) for n in range(MAX_TRANSACTION_WRITES + 1)]
    with pytest.raises(ValidationError):
        table.transact(writes)
    table.transact(writes[:MAX_TRANSACTION_WRITES])
    with pytest.raises(ValidationError):
        table.transact([])
    with pytest.raises(ValidationError):
        table.transact([Put({"pk": pk, "sk": "A"}), Check(Key(pk, "A"), IS_NEW)])
    assert table.get(Key(pk, "A")) is None


def test_an_item_has_at_most_400_kb(table: Table, pk: str) -> None:
    names = len("pk" + pk + "sk" + "A" + "x")
    table.put({"pk": pk, "sk": "A", "x": b"x" * (MAX_ITEM_BYTES - names)})
    with pytest.raises(TooLarge):
        table.put({"pk": pk, "sk": "A", "x": b"x" * (MAX_ITEM_BYTES - names + 1)})
    with pytest.raises(TooLarge):
        table.update(Update(Key(pk, "A"), set={"y": "one more"}))
    with pytest.raises(TooLarge):
        table.put({"pk": pk, "sk": "B", "x": "ä" * (MAX_ITEM_BYTES // 2)})


def test_a_transaction_has_at_most_4_mb(table: Table, pk: str) -> None:
    with pytest.raises(TooLarge):
        table.transact([Put({"pk": pk, "sk": str(n), "x": b"x" * 390_000}) for n in range(11)])
    assert table.query(pk).items == []


@pytest.mark.parametrize(("pk", "sk"), [("", "A"), ("P", ""), ("p" * 2049, "A"), ("P", "s" * 1025), ("ä" * 1025, "A")])
def test_keys_are_neither_empty_nor_long(table: Table, pk: str, sk: str) -> None:
    with pytest.raises(ValidationError):
        table.put({"pk": pk, "sk": sk})
    with pytest.raises(ValidationError):
        table.get(Key(pk, sk))
    with pytest.raises(ValidationError):
        table.update(Update(Key(pk, sk), set={"x": 1}))
    with pytest.raises(ValidationError):
        table.delete(Key(pk, sk))


def test_the_longest_keys_are_fine(table: Table, pk: str) -> None:
    long = Key(pk.ljust(2048, "p"), "s" * 1024)
    table.put({"pk": long.pk, "sk": long.sk})
    assert table.get(long) is not None


@pytest.mark.parametrize(
    "value",
    [1.5, 10**38, "\ud800", {1, 2}, {"": 1}, object()],
    ids=["float", "39 digits", "lone surrogate", "set", "nameless", "object"],
)
def test_what_dynamodb_cannot_hold_is_refused(table: Table, pk: str, value: Value) -> None:
    with pytest.raises(ValidationError):
        table.put({"pk": pk, "sk": "A", "x": value})
    with pytest.raises(ValidationError):
        table.put({"pk": pk})


@pytest.mark.parametrize(
    "clause",
    [
        Clause("c", "n", "lt", None),
        Clause("c", "n", "ge", [1]),
        Clause("c", "n", "gt", True),
        Clause("c", "n", "in", []),
        Clause("c", "n", "in", "ab"),
        Clause("c", "n", "in", list(range(101))),
    ],
    ids=["order of null", "order of lists", "order of booleans", "in nothing", "in a string", "in 101"],
)
def test_clauses_without_a_meaning_are_refused(table: Table, pk: str, clause: Clause) -> None:
    with pytest.raises(ValidationError):
        table.put({"pk": pk, "sk": "A"}, when=When.all(clause))


def test_attribute_names_may_be_dynamodbs_reserved_words(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "A", "status": "open", "name.dotted": 1, "#x": 2, ":y": 3})
    when = When.all(Clause("open", "status", "eq", "open"), Clause("dotted", "name.dotted", "exists"))
    after = table.update(Update(Key(pk, "A"), set={"status": "closed"}, remove=("#x",), when=when))
    assert after == {"pk": pk, "sk": "A", "status": "closed", "name.dotted": 1, ":y": 3}


def test_counting_in_many_threads_loses_nothing(table: Table, pk: str) -> None:
    """Each thread reads, then writes on the condition that nobody wrote in between."""
    table.put({"pk": pk, "sk": "A", "n": 0})
    threads, each = 6, 15

    def count() -> None:
        done = 0
        while done < each:
            item = table.get(Key(pk, "A"))
            assert item is not None
            assert isinstance(item["n"], int)
            try:
                table.put({"pk": pk, "sk": "A", "n": item["n"] + 1}, when=count_is(item["n"]))
            except (ConditionFailed, TransactionConflict, Throttled):
                continue
            done += 1

    workers = [threading.Thread(target=count) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert table.get(Key(pk, "A")) == {"pk": pk, "sk": "A", "n": threads * each}
