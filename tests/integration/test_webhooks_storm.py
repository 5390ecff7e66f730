"""Many consumers, failures at random and nudges in any number: every event once, in order per chat."""

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import webhooks.handler
from tests.integration.events_house import House, new_contact, new_tenant, open_house
from waypost.domain.ids import make_id
from waypost.entities.webhook import Endpoint, put_endpoint
from waypost.errors import NetworkError
from waypost.services import webhook_lanes
from waypost.services.nudges import nudge_consumers
from waypost.services.webhook_delivery import Answer, Destination, seal_destination

TENANT = new_tenant()
EVENTS = 150
CHATS = 6
CONSUMERS = 4


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        monkeypatch.setattr(webhooks.handler, "app", lambda: house.app)
        house.handlers["webhooks"] = webhooks.handler.handler
        yield house


class Idle:
    """Knows whether a consumer holds a message."""

    def __init__(self) -> None:
        self.busy = 0
        self.lock = threading.Lock()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_event_once_and_in_order_per_chat(house: House, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    dice = random.Random(seed)
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    failing = {"https://a.example/": 0.0, "https://b.example/": 0.3}

    def post(destination: Destination, message_id: str, body: bytes, **_: object) -> Answer:
        if dice.random() < failing[destination.url]:
            if dice.random() < 0.3:
                raise NetworkError("no answer")
            return Answer(dice.choice([429, 500, 503]), dice.choice([None, 5.0]))
        taken[destination.url, message_id].append(threading.current_thread().name)
        order[destination.url].append(int(message_id.rsplit("_", 1)[1]))
        return Answer(200)

    order: dict[str, list[int]] = defaultdict(list)
    monkeypatch.setattr(webhook_lanes, "post_event", post)
    session = house.session(TENANT)
    for number, url in enumerate(failing):
        hook = make_id("whk", bytes([number]) * 16)
        sealed = seal_destination(house.app.seals, TENANT, hook, url=url, secret="whsec_c2VjcmV0")
        put_endpoint(house.app.table, Endpoint(hook, TENANT, sealed, (), None, house.clock.now()))
    chats = [new_contact() for _ in range(CHATS)]
    chat_of: dict[int, str] = {}

    def append() -> None:
        for number in range(1, EVENTS + 1):
            chat_of[number] = chats[dice.randrange(CHATS)]
            house.append(session, contact=chat_of[number])
            if number % 10 == 0:
                nudge_consumers(session, number - 5, queues=house.engine.queues)

    _run(house, append)
    assert len(taken) == 2 * EVENTS
    assert {len(times) for times in taken.values()} == {1}
    for url in failing:
        for chat in chats:
            of_chat = [number for number in order[url] if chat_of[number] == chat]
            assert of_chat == sorted(of_chat)


def _run(house: House, append: object) -> None:
    """Consumers at work until the queue is empty for good. Time passes only while nobody holds a message, so that no
    lease runs out under a consumer that this machine was slow to run."""
    assert callable(append)
    idle = Idle()
    stopping = threading.Event()
    queue = house.engine.queues.queue("webhooks")

    def consume() -> None:
        while not stopping.is_set():
            with idle.lock:
                batch = queue.receive(limit=1)
                idle.busy += len(batch)
            if batch:
                house.handle("webhooks", batch)
                with idle.lock:
                    idle.busy -= 1
            else:
                stopping.wait(0.002)

    threads = [threading.Thread(target=consume) for _ in range(CONSUMERS)]
    appending = threading.Thread(target=append)
    for thread in (*threads, appending):
        thread.start()
    for _ in range(10_000):
        with idle.lock:
            waits = queue.depth()
            if not idle.busy and waits:
                house.clock.pass_time(1)
            done = not idle.busy and not waits and not appending.is_alive()
        if done:
            break
        stopping.wait(0.002)
    stopping.set()
    for thread in (*threads, appending):
        thread.join()
    assert queue.depth() == 0
