"""What a lost message left behind is found within a minute or two, and a sweep too many changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import realtime.connections
import realtime.handler
import sweeper.handler
import webhooks.handler
from infra.local.schedules import scheduled_event
from tests.integration.events_house import Client, House, new_contact, open_house
from waypost.domain.ids import make_id
from waypost.entities.head import claim, mark_running, release
from waypost.entities.webhook import Endpoint, put_endpoint
from waypost.services import webhook_lanes
from waypost.services.tenants import create_tenant
from waypost.services.webhook_delivery import Answer, Destination, seal_destination

NOTHING = dict.fromkeys(("woken", "sessions", "lanes", "subscriptions", "endpoints", "runs", "pools", "media"), 0)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        for module in (realtime.handler, realtime.connections, webhooks.handler, sweeper.handler):
            monkeypatch.setattr(module, "app", lambda: house.app)
        house.handlers |= {"realtime": realtime.handler.handler, "webhooks": webhooks.handler.handler}
        yield house


@pytest.fixture
def tenant(house: House) -> str:
    return create_tenant(house.app.table, "test")


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Ids and answers of posts; the answer is 200 unless a test appends another to `answers`."""
    made: list[tuple[str, int]] = []

    def post(destination: Destination, message_id: str, body: bytes, **_: object) -> Answer:
        status = 500 if destination.url.endswith("/fails") else 200
        made.append((message_id, status))
        return Answer(status)

    monkeypatch.setattr(webhook_lanes, "post_event", post)
    return made


def sweep(house: House) -> dict[str, Any]:
    return sweeper.handler.handler(scheduled_event("sweeper"), None)


def endpoint(house: House, tenant: str, url: str = "https://hooks.example/") -> str:
    hook = make_id("whk", b"0123456789abcdef")
    sealed = seal_destination(house.app.seals, tenant, hook, url=url, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    put_endpoint(house.app.table, Endpoint(hook, tenant, sealed, (), None, house.clock.now()))
    return hook


def lose_messages(house: House, name: str) -> None:
    queue = house.engine.queues.queue(name)
    while batch := queue.receive():
        for message in batch:
            queue.delete(message.receipt)


def announced(house: House) -> list[str]:
    return [message.body for message in house.engine.queues.queue("claims").receive()]


def test_a_quiet_house_needs_nothing(house: House, tenant: str, posts: list[tuple[str, int]]) -> None:
    session = house.session(tenant)
    client = Client.connect(house, realtime.connections.handler, tenant)
    client.subscribe(session)
    endpoint(house, tenant)
    house.append(session, 3)
    house.drain("realtime")
    house.drain("webhooks")
    house.clock.pass_time(3600)
    assert sweep(house) == NOTHING


def test_a_session_whose_lease_ran_out_is_announced_again(house: House, tenant: str) -> None:
    session, owned, stopped = (house.session(tenant) for _ in range(3))
    for each in (session, owned):
        mark_running(house.app.table, each, running=True)
    now = house.clock.now()
    claim(house.app.table, session, "wrk_a", now, now + 30_000)
    claim(house.app.table, stopped, "wrk_a", now, now + 30_000)
    claim(house.app.table, owned, "wrk_b", now, now + 300_000)
    assert sweep(house)["sessions"] == 0
    house.clock.pass_time(36)
    assert sweep(house)["sessions"] == 1
    assert announced(house) == [f'{{"session": "{session}"}}']


def test_announcements_do_not_pile_up_while_no_worker_is_there(house: House, tenant: str) -> None:
    session = house.session(tenant)
    mark_running(house.app.table, session, running=True)
    head = claim(house.app.table, session, "wrk_a", house.clock.now(), house.clock.now() + 30_000)
    release(house.app.table, session, head.epoch)
    for _ in range(5):
        sweep(house)
    assert house.engine.queues.queue("claims").depth() == 1


def test_subscribers_and_endpoints_that_lag_are_found(house: House, tenant: str, posts: list[tuple[str, int]]) -> None:
    session = house.session(tenant)
    client = Client.connect(house, realtime.connections.handler, tenant)
    client.subscribe(session)
    endpoint(house, tenant)
    house.append(session, 3, nudge=False)
    lose_messages(house, "realtime")
    assert sweep(house) == {**NOTHING, "subscriptions": 1, "endpoints": 1}
    house.drain("realtime")
    house.drain("webhooks")
    assert client.frames[0]["type"] == "subscribed"
    assert client.numbers == [1, 2, 3]
    assert len(posts) == 3
    house.clock.pass_time(60)
    assert sweep(house) == NOTHING


def test_a_lost_fan_out_message_of_a_lane_is_made_up_for(
    house: House, tenant: str, posts: list[tuple[str, int]]
) -> None:
    session = house.session(tenant)
    endpoint(house, tenant)
    for _ in range(20):
        house.append(session, contact=new_contact(), nudge=False)
    house.append(session)
    house.drain("webhooks", rounds=1)
    lose_messages(house, "webhooks")
    assert sweep(house)["lanes"] == 0  # not due for a minute yet
    house.clock.pass_time(61)
    assert sweep(house)["lanes"] == 21
    house.drain("webhooks")
    assert len(posts) == 21
    house.clock.pass_time(3600)
    assert sweep(house) == NOTHING


def test_a_lost_back_off_timer_is_found_and_a_running_one_is_left_alone(
    house: House, tenant: str, posts: list[tuple[str, int]]
) -> None:
    session = house.session(tenant)
    endpoint(house, tenant, "https://hooks.example/fails")
    house.append(session)
    house.drain("webhooks")
    assert len(posts) == 1
    assert sweep(house)["lanes"] == 0
    queue = house.engine.queues.queue("webhooks")
    house.clock.pass_time(2)
    for message in queue.receive():
        queue.delete(message.receipt)
    house.clock.pass_time(61)
    assert sweep(house)["lanes"] == 1
    house.drain("webhooks")
    assert len(posts) == 2
    assert sweep(house)["lanes"] == 0


def test_sweeps_too_many_change_nothing(house: House, tenant: str, posts: list[tuple[str, int]]) -> None:
    session = house.session(tenant)
    client = Client.connect(house, realtime.connections.handler, tenant)
    client.subscribe(session)
    endpoint(house, tenant)
    house.append(session, 5, nudge=False)
    for _ in range(4):
        sweep(house)
        house.clock.pass_time(61)
    house.drain("realtime")
    house.drain("webhooks")
    assert client.numbers == [1, 2, 3, 4, 5]
    assert [name.rsplit("_", 1)[1] for name, _ in posts] == ["1", "2", "3", "4", "5"]
