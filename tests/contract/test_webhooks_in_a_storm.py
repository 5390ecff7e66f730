"""Webhooks on the harsh engine: every event reaches the endpoint, each chat's in order, whatever gets lost between."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.storm_house import SESSION, TENANT, Storm, storm
from waypost.domain.event import Draft
from waypost.domain.ids import make_id
from waypost.entities.head import get_head
from waypost.entities.tenant import put_tenant
from waypost.entities.webhook import Endpoint, put_endpoint
from waypost.entities.webhook_lane import Lane
from waypost.errors import NotFound, StorageError
from waypost.services.journal import Entry, append
from waypost.services.sweeping import sweep
from waypost.services.webhook_delivery import seal_destination
from waypost.services.webhook_fanout import fan_out
from waypost.services.webhook_lanes import Courier, deliver

HOOK = make_id("whk", b"0" * 16)
CHATS = [make_id("con", bytes([n]) * 16) for n in range(2)]
ROUNDS = 60


class Receiver:
    """Takes every post. Remembers the numbers by chat, in the order in which they first came."""

    def __init__(self) -> None:
        self.first: dict[str, list[int]] = {}
        self.posts = 0

    def post(self, url: str, headers: dict[str, str], body: bytes, *, timeout: float) -> tuple[int, str | None]:
        event = json.loads(body)
        self.posts += 1
        numbers = self.first.setdefault(event["data"]["chat"], [])
        if event["sequence"] not in numbers:
            numbers.append(event["sequence"])
        return 200, None


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), chats=st.lists(st.sampled_from([0, 1]), min_size=1, max_size=8))
def test_every_event_arrives_and_each_chats_in_order(seed: int, chats: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        receiver = Receiver()
        wanted = prepared(house, chats)
        for _ in range(ROUNDS):
            once(lambda: sweep(table=house.app.table, queues=house.app.engine.queues, now_ms=house.clock.now_ms()))
            for _ in range(5):
                once(lambda: work(house, receiver))
            if receiver.first == wanted:
                break
            house.clock.pass_time(70)
        assert receiver.first == wanted
        assert receiver.posts <= 3 * len(chats) + 5


def prepared(house: Storm, chats: list[int]) -> dict[str, list[int]]:
    """An endpoint and a log, in calm weather. Returns what the endpoint must get, by chat."""
    house.clear()
    calm = house.app
    put_tenant(calm.table, TENANT, "shop", 0)
    sealed = seal_destination(calm.seals, TENANT, HOOK, url="https://example.com/hook", secret="whsec_" + "0" * 32)
    put_endpoint(calm.table, Endpoint(HOOK, TENANT, sealed, events=(), session=None, created_ms=0))
    wanted: dict[str, list[int]] = {}
    for number, chat in enumerate(chats, 1):
        head = get_head(calm.table, SESSION)
        assert head is not None
        draft = Draft("message_received", 1, {"chat": CHATS[chat]}, contact=CHATS[chat])
        append([Entry((draft,))], head=head, table=calm.table, seals=calm.seals, epoch=None)
        wanted.setdefault(CHATS[chat], []).append(number)
    house.begin()
    return wanted


def work(house: Storm, receiver: Receiver) -> None:
    """One batch, as the consumer of the queue does it: what fails comes again when its visibility ends."""
    queue = house.app.engine.queues.queue("webhooks")
    for message in queue.receive():
        told = json.loads(message.body)
        if "lane" in told:
            deliver(Lane(told["hook"], told["tenant"], told["lane"]), courier(house, receiver))
        else:
            fan_out(
                told["session"],
                table=house.app.table,
                queues=house.app.engine.queues,
                now_ms=house.clock.now_ms(),
            )
        queue.delete(message.receipt)


def courier(house: Storm, receiver: Receiver) -> Courier:
    app = house.app
    return Courier(app.table, app.engine.queues, app.seals, receiver, house.clock.now_ms, lambda: 0.5)


def once(act: Callable[[], object]) -> None:
    """What the schedule or the queue runs again by itself."""
    try:
        act()
    except (StorageError, NotFound):
        return
