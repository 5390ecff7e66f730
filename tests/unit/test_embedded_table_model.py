"""The embedded table against a dict, by sequences of writes and queries that Hypothesis makes up."""

import copy
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from waypost.engines.embedded import TableSpec, build_engine
from waypost.engines.embedded.items import decode, encode
from waypost.errors import ConditionFailed
from waypost.ports import Check, Clause, Delete, Item, Key, Put, Update, Value, When, Write

keys = st.builds(Key, st.sampled_from(["P", "Q"]), st.sampled_from(["a", "b", "b#1", "ä", "\U0001f600"]))
places = st.sampled_from(["", "c", "d"])  # of the index; "" means the attribute is missing
numbers = st.integers(-3, 3)
conditions = st.one_of(
    st.just(When()),
    st.just(When.all(Clause("new", "pk", "absent"))),
    st.just(When.all(Clause("there", "pk", "exists"))),
    st.builds(
        lambda op, n: When.all(Clause("n compares", "n", op, n)), st.sampled_from(["eq", "ne", "lt", "ge"]), numbers
    ),
)


def item_of(key: Key, n: int, chat_pk: str, chat_sk: str) -> Item:
    item: Item = {"pk": key.pk, "sk": key.sk, "n": n}
    return item | {name: value for name, value in (("chat_pk", chat_pk), ("chat_sk", chat_sk)) if value}


def update_of(key: Key, n: int, place: str, when: When) -> Update:
    if place:
        return Update(key, set={"chat_sk": place}, add={"n": n}, when=when)
    return Update(key, add={"n": n}, remove=("chat_sk",), when=when)


writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(Put, st.builds(item_of, keys, numbers, places, places), conditions),
    st.builds(update_of, keys, numbers, places, conditions),
    st.builds(Delete, keys, conditions),
    st.builds(Check, keys, conditions),
)


def key_of(write: Write) -> Key:
    return Key(str(write.item["pk"]), str(write.item["sk"])) if isinstance(write, Put) else write.key


class TableMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model: dict[Key, Item] = {}
        self.folder = tempfile.TemporaryDirectory()
        spec = TableSpec("main", (("by_chat", "chat_pk", "chat_sk"),))
        self.engine = build_engine(Path(self.folder.name) / "home", tables=[spec], queues=[], buckets=[])
        self.table = self.engine.main

    def teardown(self) -> None:
        self.engine.close()
        self.folder.cleanup()

    @rule(batch=st.lists(writes, min_size=1, max_size=5, unique_by=key_of))
    def transact(self, batch: list[Write]) -> None:
        failed = tuple(
            n for n, write in enumerate(batch) if not plainly_holds(write.when, self.model.get(key_of(write)))
        )
        if failed:
            with pytest.raises(ConditionFailed) as caught:
                self.table.transact(batch)
            assert caught.value.failed == failed
            return
        self.table.transact(batch)
        for write in batch:
            self.apply(write)

    @rule(key=keys, n=numbers, place=places)
    def update(self, key: Key, n: int, place: str) -> None:
        update = update_of(key, n, place, When())
        self.apply(update)
        assert self.table.update(update) == self.model[key]

    @rule(pk=st.sampled_from(["P", "Q"]), limit=st.integers(1, 4), descending=st.booleans())
    def query(self, pk: str, limit: int, descending: bool) -> None:
        wanted = sorted((key for key in self.model if key.pk == pk), key=lambda key: key.sk, reverse=descending)
        found: list[Item] = []
        cursor = None
        while True:
            page = self.table.query(pk, limit=limit, descending=descending, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
        assert found == [self.model[key] for key in wanted]

    @invariant()
    def the_index_holds_exactly_the_items_with_both_attributes(self) -> None:
        for place in "cd":
            wanted = [item for item in self.model.values() if item.get("chat_pk") == place and "chat_sk" in item]
            wanted.sort(key=lambda item: (str(item["chat_sk"]), str(item["pk"]), str(item["sk"])))
            assert self.table.query(place, index="by_chat").items == wanted

    def apply(self, write: Write) -> None:
        key = key_of(write)
        if isinstance(write, Put):
            self.model[key] = copy.deepcopy(write.item)
        elif isinstance(write, Delete):
            self.model.pop(key, None)
        elif isinstance(write, Update):
            item = self.model.setdefault(key, {"pk": key.pk, "sk": key.sk})
            item.update(write.set)
            for name, amount in write.add.items():
                old = item.get(name, 0)
                assert isinstance(old, int)
                item[name] = old + amount
            for name in write.remove:
                item.pop(name, None)


def plainly_holds(when: When, item: Item | None) -> bool:
    """The conditions above, spelt out for this model only."""
    if not when.any_of:
        return True
    ((clause,),) = when.any_of
    n = (item or {}).get("n")
    if clause.op in ("absent", "exists"):
        return (item is not None) == (clause.op == "exists")
    if not isinstance(n, int):
        return clause.op == "ne"
    assert isinstance(clause.value, int)
    return {"eq": n == clause.value, "ne": n != clause.value, "lt": n < clause.value, "ge": n >= clause.value}[
        clause.op
    ]


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

texts = st.text(st.characters(codec="utf-8"), max_size=8)
names = st.one_of(
    st.sampled_from(["$", "$$", "$b", "a"]), st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
)
values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**37), 10**37), texts, st.binary(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=6))
def test_every_item_survives_its_stored_form(item: Item) -> None:
    found = decode(encode(item))
    assert found == item
    assert repr(found) == repr(item)  # so that True is not 1
