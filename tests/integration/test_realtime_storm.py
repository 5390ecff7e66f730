"""Replay and live events never cross, and no gap opens, whatever happens at the same moment (P5)."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import realtime.connections
import realtime.handler
from tests.integration.events_house import Client, House, new_tenant, open_house
from waypost.errors import Throttled
from waypost.services.nudges import nudge_consumers

TENANT = new_tenant()
EVENTS = 120
SUBSCRIBERS = 12
SECONDS = 20


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("storm")) as house, pytest.MonkeyPatch.context() as patch:
        for module in (realtime.handler, realtime.connections):
            patch.setattr(module, "app", lambda: house.app)
        house.handlers["realtime"] = realtime.handler.handler
        yield house


def connect(house: House) -> Client:
    return Client.connect(house, realtime.connections.handler, TENANT)


@contextmanager
def consumers(house: House, count: int) -> Iterator[None]:
    stopping = threading.Event()
    queue = house.engine.queues.queue("realtime")

    def consume() -> None:
        while not stopping.is_set():
            if batch := queue.receive(wait_seconds=0.05):
                house.handle("realtime", batch)

    threads = [threading.Thread(target=consume) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def test_subscribing_in_a_storm_of_events(house: House) -> None:
    sessions = [house.session(TENANT) for _ in range(2)]
    clients: list[tuple[Client, str]] = []

    def append(session: str) -> None:
        for _ in range(EVENTS):
            house.append(session)

    def subscribe(number: int) -> None:
        client = connect(house)
        session = sessions[number % 2]
        clients.append((client, session))
        client.subscribe(session, **({"after": 0} if number % 3 else {}))

    threads = [threading.Thread(target=append, args=(session,)) for session in sessions]
    threads += [threading.Thread(target=subscribe, args=(number,)) for number in range(SUBSCRIBERS)]
    with consumers(house, 3):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ends = time.monotonic() + SECONDS
        while not all(_last(client) == EVENTS for client, _ in clients) and time.monotonic() < ends:
            time.sleep(0.01)
    for client, session in clients:
        confirmation = client.frames[0]
        assert (confirmation["type"], confirmation["session_id"]) == ("subscribed", session)
        assert client.numbers == list(range(confirmation["after"] + 1, EVENTS + 1))
        assert len(client.frames) == len(client.numbers) + 1


def _last(client: Client) -> int:
    frame = client.frames[-1] if client.frames else {}
    number = frame.get("sequence", frame.get("after", 0))
    assert isinstance(number, int)
    return number


steps = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 70)),
    st.tuples(st.just("append quietly"), st.integers(1, 3)),
    st.tuples(st.just("subscribe"), st.integers(0, 80)),
    st.tuples(st.just("drop"), st.integers(0, 3)),
    st.tuples(st.just("double"), st.integers(1, 3)),
    st.tuples(st.just("lose"), st.just(0)),
    st.tuples(st.just("drain"), st.integers(1, 2)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=25))
def test_no_order_of_steps_opens_a_gap(house: House, script: list[tuple[str, int]]) -> None:
    session = house.session(TENANT)
    newest = 0
    clients: list[tuple[Client, int]] = []
    queue = house.engine.queues.queue("realtime")
    for step, value in script:
        match step:
            case "append" | "append quietly":
                newest = house.append(session, value, nudge=step == "append")
            case "subscribe":
                client, after = connect(house), max(0, newest - value)
                clients.append((client, after))
                client.subscribe(session, after=after)
            case "drop" if clients:
                house.push.faults[clients[value % len(clients)][0].id] = [Throttled("slow")]
            case "double":
                body = json.dumps({"session": session, "number": newest})
                queue.send(body, group=session, deduplication_id=f"{session}-{value}-{newest}-double")
            case "lose":
                for message in queue.receive(limit=1):
                    queue.delete(message.receipt)
            case "drain":
                house.drain("realtime", rounds=value)
    # The last step of any story: somebody nudges, and who was dropped comes back.
    _finish(house, session, newest)
    for client, after in clients:
        numbers = list(client.numbers)
        if client.id in house.push.closed:
            again = connect(house)
            again.subscribe(session, after=numbers[-1] if numbers else after)
            _finish(house, session, newest)
            numbers += again.numbers
        assert numbers == list(range(after + 1, newest + 1))


def _finish(house: House, session: str, newest: int) -> None:
    house.push.faults = {id: faults for id, faults in house.push.faults.items() if id in house.push.closed}
    house.engine.queues.queue("realtime").send(
        json.dumps({"session": session}), group=session, deduplication_id=f"{session}-{len(house.push.frames)}-end"
    )
    nudge_consumers(session, newest, queues=house.engine.queues)
    house.drain("realtime")
