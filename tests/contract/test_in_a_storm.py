"""The services on the harsh engine, by seeds that Hypothesis makes up: answers lost, doubled, refused, indexes late."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.storm_house import SESSION, TENANT, Storm, persist, storm
from waypost.domain.addresses import parse_address
from waypost.domain.event import Draft
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.domain.wanted import text_to
from waypost.entities.head import claim, get_head
from waypost.entities.message import get_message, new_message_write, step_write
from waypost.entities.schedule import last_waiting_by_chat, waiting_by_due
from waypost.entities.session import Session
from waypost.errors import Conflict
from waypost.services.accepting import accept as accept_wanted
from waypost.services.idempotency import Request
from waypost.services.journal import Entry, append, read

ADA, GRACE = "+4915112345602", "+4915112345603"
seeds = st.integers(0, 2**32)
stormy = settings(max_examples=15, deadline=None)


def accept(house: Storm, number: int, to: str) -> Message:
    app = house.app
    linked = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", me=b"x")
    return accept_wanted(
        text_to(parse_address(to), f"text {number}"),
        message_id=make_id("msg", number.to_bytes(16)),
        session=linked,
        now_ms=app.now_ms(),
        table=app.table,
        queues=app.engine.queues,
        seals=app.seals,
        contacts=app.contacts,
    )


@stormy
@given(seed=seeds, chats=st.lists(st.sampled_from([ADA, GRACE]), min_size=1, max_size=8))
def test_an_accepted_message_is_stored_once_and_numbered_without_a_gap(seed: int, chats: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        accepted = [persist(lambda n=n, to=to: accept(house, n, to)) for n, to in enumerate(chats)]  # type: ignore[misc]
        house.clear()
        for chat in (ADA, GRACE):
            mine = [message for message, to in zip(accepted, chats, strict=True) if to == chat]
            assert [message.number for message in mine] == list(range(1, len(mine) + 1))
            assert len({message.contact for message in mine}) <= 1
        due = waiting_by_due(house.app.table, SESSION, "interactive", limit=100)
        assert sorted(waiting.message for waiting in due) == sorted(message.id for message in accepted)
        last = last_waiting_by_chat(house.calm.table, SESSION, "interactive")
        assert sum(last.values()) == len(chats)
        for message in accepted:
            stored = get_message(house.calm.table, message.id)
            assert stored is not None
            text = house.calm.seals.open_json(TENANT, stored.contact, f"message#{message.id}", stored.content)
            assert text["text"] == f"text {accepted.index(message)}"


@stormy
@given(seed=seeds, count=st.integers(1, 12))
def test_a_log_that_is_appended_to_has_no_gap_and_no_step_twice(seed: int, count: int) -> None:
    """Each step is a message's status with its event; the owner repeats what was not answered."""
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        calm, app = house.calm, house.app
        ids = [make_id("msg", n.to_bytes(16)) for n in range(count)]
        for name in ids:
            calm.table.transact([new_message_write(stored_message(name))])
        head = claim(calm.table, SESSION, "wrk_test", 0, 1)
        for name in ids:
            draft = Draft("message_sent", 1, {"message_id": name}, message=name)
            entry = Entry((draft,), (step_write(name, "sending", "sent", {"sent": 1}),))
            head = persist(
                lambda entry=entry, head=head: append(  # type: ignore[misc]
                    [entry], head=head, table=app.table, seals=app.seals, epoch=head.epoch
                )
            ).head
        house.clear()
        log = read(calm.table, calm.seals, SESSION, generation=1, after=0, limit=1000)
        assert [event.number for event in log] == list(range(1, count + 1))
        assert [event.message for event in log] == ids
        stored = get_head(calm.table, SESSION)
        assert stored is not None
        assert stored.number == count == head.number


def stored_message(name: str) -> Message:
    return Message(
        id=name,
        tenant=TENANT,
        session=SESSION,
        contact=make_id("con", b"0" * 16),
        direction="out",
        status="sending",
        created_ms=1,
        content=b"x",
        lane="interactive",
        number=1,
        times={"accepted": 1},
    )


@stormy
@given(seed=seeds)
def test_a_repeated_request_gets_the_first_answer(seed: int) -> None:
    """Whoever holds the key answers; a lost answer to `begin` frees it when the first request's time is over."""
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        app, answers, now = house.app, [], 1_000_000

        def ask() -> bytes:
            nonlocal now
            now += 31_000  # longer than the first may run
            request = Request(tenant=TENANT, route="POST /x", key="k", keys=app.engine.keys)
            stored = request.begin(b"body", table=app.table, seals=app.seals, now_ms=now)
            if stored is not None:
                return stored.body
            made = request.make_id("msg").encode()
            answers.append(made)
            request.finish(202, made, table=app.table, seals=app.seals)
            return made

        said = {persist(ask) for _ in range(4)}
        assert len(said) == 1
        assert set(answers) == said


def test_a_request_that_may_still_run_is_not_run_beside_itself(tmp_path: Path) -> None:
    with storm(tmp_path / "home", 1) as house:
        house.clear()
        app = house.app
        request = Request(tenant=TENANT, route="POST /x", key="k", keys=app.engine.keys)
        assert request.begin(b"body", table=app.table, seals=app.seals, now_ms=1) is None
        with pytest.raises(Conflict):
            request.begin(b"body", table=app.table, seals=app.seals, now_ms=2)


@stormy
@given(seed=seeds, count=st.integers(1, 8))
def test_what_a_worker_takes_from_its_lane_covers_all_that_was_accepted(seed: int, count: int) -> None:
    """Whatever the queue lost, doubled or hides: the schedule has it. What the queue gives is ids that exist."""
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        accepted = {persist(lambda n=n: accept(house, n, ADA)).id for n in range(count)}  # type: ignore[misc]
        queue = house.app.engine.queues.queue(f"interactive-{SESSION}")
        taken: set[str] = set()
        for _ in range(5):
            for message in persist(lambda: queue.receive(visibility_seconds=0)):
                taken.add(json.loads(message.body)["message"])
        house.clear()
        scheduled = {each.message for each in waiting_by_due(house.app.table, SESSION, "interactive", limit=100)}
        assert taken <= accepted == scheduled
