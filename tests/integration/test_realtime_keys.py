"""What bounds a WebSocket connection: the API key that opened it, how many sessions it follows, the size of a frame."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import realtime.connections
import realtime.handler
import sweeper.handler
from tests.integration.events_house import Client, House, open_house
from waypost.entities.subscription import list_subscriptions
from waypost.entities.tenant import api_key_key
from waypost.errors import NetworkError
from waypost.ports import Update
from waypost.services import key_watch
from waypost.services.key_watch import KeyWatch
from waypost.services.subscriptions import MAX_SUBSCRIPTIONS
from waypost.services.tenants import check_api_key, create_api_key, create_tenant


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        for module in (realtime.handler, realtime.connections, sweeper.handler):
            monkeypatch.setattr(module, "app", lambda: house.app)
        for module in (realtime.handler, realtime.connections):
            monkeypatch.setattr(module, "_watch", KeyWatch(lambda: house.clock.ms / 1000))
        house.handlers["realtime"] = realtime.handler.handler
        yield house


@pytest.fixture
def tenant(house: House) -> str:
    return create_tenant(house.app.table, "shop")


def new_key(house: House, tenant: str) -> str:
    keys = house.app.engine.keys
    return check_api_key(house.app.table, keys, create_api_key(house.app.table, keys, tenant, "x")).id


def revoke(house: House, key: str) -> None:
    house.app.table.update(Update(api_key_key(key), set={"revoked": True}))


def connect(house: House, tenant: str, key: str) -> Client:
    return Client.connect(house, realtime.connections.handler, tenant, key)


def test_a_revoked_key_ends_its_connections_and_no_others_at_the_next_event(house: House, tenant: str) -> None:
    session, other = house.session(tenant), house.session(tenant)
    bad, good = new_key(house, tenant), new_key(house, tenant)
    ended, stays = connect(house, tenant, bad), connect(house, tenant, good)
    for client in (ended, stays):
        client.subscribe(session)
    ended.subscribe(other)
    house.append(session)
    house.drain("realtime")
    assert ended.numbers == [1]
    revoke(house, bad)
    house.clock.pass_time(key_watch.SECONDS)
    house.append(session)
    house.drain("realtime")
    assert (ended.numbers, stays.numbers) == ([1], [1, 2])
    assert house.push.closed == [ended.id]
    assert [s.connection for s in list_subscriptions(house.app.table, session)] == [stays.id]
    assert list_subscriptions(house.app.table, other) == []


def test_a_quiet_connection_of_a_revoked_key_ends_within_a_minute(house: House, tenant: str) -> None:
    session, key = house.session(tenant), new_key(house, tenant)
    client = connect(house, tenant, key)
    house.append(session)
    client.subscribe(session)
    house.drain("realtime")
    revoke(house, key)
    house.clock.pass_time(60)  # the sweeper's round
    assert sweeper.handler.handler({}, None)["subscriptions"] == 1
    house.drain("realtime")
    assert house.push.closed == [client.id]
    assert sweeper.handler.handler({}, None)["subscriptions"] == 0


def test_a_revoked_key_is_told_so_and_can_ask_for_nothing(house: House, tenant: str) -> None:
    session, key = house.session(tenant), new_key(house, tenant)
    client = connect(house, tenant, key)
    assert client.say({"action": "ping"}) == {"type": "pong"}
    revoke(house, key)
    house.clock.pass_time(key_watch.SECONDS)
    for answer in (client.say({"action": "ping"}), client.subscribe(session)):
        assert answer is not None
        assert (answer["type"], answer["code"], answer["category"]) == ("error", "invalid_api_key", "authentication")
    assert list_subscriptions(house.app.table, session) == []


def test_a_gateway_that_is_away_does_not_keep_a_revoked_connection(
    house: House, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, key = house.session(tenant), new_key(house, tenant)
    client, stays = connect(house, tenant, key), connect(house, tenant, new_key(house, tenant))
    for each in (client, stays):
        each.subscribe(session)
    house.drain("realtime")
    revoke(house, key)
    house.clock.pass_time(key_watch.SECONDS)
    house.append(session)

    def away(connection_id: str) -> None:
        raise NetworkError("away")

    with monkeypatch.context() as patch:
        patch.setattr(house.push, "close", away)
        house.drain("realtime")
    assert (client.numbers, stays.numbers) == ([], [1])  # the others have theirs although the round failed
    house.clock.pass_time(31)
    house.drain("realtime")
    assert house.push.closed == [client.id]
    assert stays.numbers == [1]


def test_the_answer_about_a_key_is_kept_for_some_seconds(house: House, tenant: str) -> None:
    now, key = [0.0], new_key(house, tenant)
    watch = KeyWatch(lambda: now[0])
    assert not watch.is_revoked(house.app.table, key)
    revoke(house, key)
    now[0] = key_watch.SECONDS - 0.1
    assert not watch.is_revoked(house.app.table, key)
    now[0] = key_watch.SECONDS
    assert watch.is_revoked(house.app.table, key)
    assert watch.is_revoked(house.app.table, "key_gone")


def test_a_connection_follows_fifty_sessions_at_most(house: House, tenant: str) -> None:
    client = connect(house, tenant, new_key(house, tenant))
    sessions = [house.session(tenant) for _ in range(MAX_SUBSCRIPTIONS + 1)]
    assert [client.subscribe(session) for session in sessions[:-1]] == [None] * MAX_SUBSCRIPTIONS
    answer = client.subscribe(sessions[-1])
    assert answer is not None
    assert (answer["code"], answer["category"]) == ("too_many_subscriptions", "business_logic")
    assert client.subscribe(sessions[0], after=0) is None  # anew, in place of the earlier one
    client.say({"action": "unsubscribe", "session_id": sessions[1]})
    assert client.subscribe(sessions[-1]) is None


def test_a_message_of_a_client_has_64_kb_at_most(house: House, tenant: str) -> None:
    client = connect(house, tenant, new_key(house, tenant))
    padding = 64 * 1024 - len('{"action":"ping","x":""}')
    assert client.say(f'{{"action":"ping","x":"{"x" * padding}"}}') == {"type": "pong"}
    answer = client.say(f'{{"action":"ping","x":"{"x" * (padding + 1)}"}}')
    assert answer is not None
    assert answer["code"] == "message_too_large"
