"""Events reach WebSocket connections in order and without a gap, each from its own cursor (P5, decision 8)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import realtime.connections
import realtime.handler
from tests.integration.events_house import Client, House, new_tenant, open_house
from waypost.entities.subscription import list_subscriptions
from waypost.errors import StorageError, Throttled
from waypost.ports import Key, Update

TENANT = new_tenant()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        for module in (realtime.handler, realtime.connections):
            monkeypatch.setattr(module, "app", lambda: house.app)
        house.handlers["realtime"] = realtime.handler.handler
        yield house


@pytest.fixture
def session(house: House) -> str:
    return house.session(TENANT)


def connect(house: House, tenant: str = TENANT) -> Client:
    return Client.connect(house, realtime.connections.handler, tenant)


def test_a_subscriber_is_confirmed_and_gets_what_comes_from_now_on(house: House, session: str) -> None:
    house.append(session, 3)
    client = connect(house)
    assert client.subscribe(session) is None
    house.append(session, 2)
    house.drain("realtime")
    assert client.frames[0] == {"type": "subscribed", "session_id": session, "generation": 1, "after": 3}
    assert client.numbers == [4, 5]


def test_an_event_is_a_cloudevent_with_a_stable_id(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session, data={"text": "hello"})
    house.drain("realtime")
    event = client.frames[1]
    assert event["specversion"] == "1.0"
    assert event["id"] == f"evt_{session.removeprefix('ses_')}_1_1"
    assert event["type"] == "message_received"
    assert event["sessionid"] == session
    assert event["data"] == {"text": "hello"}


def test_the_confirmation_comes_first_even_when_a_live_event_wakes_the_group_before(house: House, session: str) -> None:
    house.append(session, 2)
    client = connect(house)
    batch = house.engine.queues.queue("realtime").receive()  # the events' nudge, before the subscriber's is there
    client.subscribe(session, after=0)
    house.handle("realtime", batch)
    house.drain("realtime")
    assert [frame.get("type") for frame in client.frames].count("subscribed") == 1
    assert client.frames[0]["type"] == "subscribed"
    assert client.numbers == [1, 2]


def test_two_subscribers_at_different_cursors_have_no_gap_and_keep_the_order(house: House, session: str) -> None:
    house.append(session, 230)
    old, new = connect(house), connect(house)
    old.subscribe(session, after=0)
    new.subscribe(session, after=225)
    house.append(session, 10)
    house.drain("realtime")
    assert old.numbers == list(range(1, 241))
    assert new.numbers == list(range(226, 241))


def test_a_long_replay_does_not_hold_up_live_events(house: House, session: str) -> None:
    house.append(session, 500)
    slow, live = connect(house), connect(house)
    live.subscribe(session)
    slow.subscribe(session, after=0)
    appended_at: list[int] = []

    def append_on_the_way(connection: str, frame: dict[str, object]) -> None:
        if connection == slow.id and frame.get("sequence") == 150:
            house.append(session)
            appended_at.append(len(slow.numbers))

    house.push.on_post = append_on_the_way
    order: list[str] = []
    original = house.push.post

    def post(connection_id: str, data: bytes) -> None:
        original(connection_id, data)
        order.append(connection_id)

    house.push.post = post  # type: ignore[method-assign]
    house.drain("realtime")
    assert live.numbers == [501]
    assert slow.numbers == list(range(1, 502))
    behind = order[: len(order) - order[::-1].index(live.id)].count(slow.id)
    assert behind < 400  # it got the new event while the other still had hundreds to get


def test_a_replay_over_the_time_limit_goes_on_behind_the_next_messages(
    house: House, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime.handler, "SECONDS", -1.0)
    house.append(session, 350)
    client = connect(house)
    client.subscribe(session, after=0)
    assert house.drain("realtime") >= 3
    assert client.numbers == list(range(1, 351))


def test_a_client_resumes_after_a_drop_without_gap_or_double(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session, 5)
    house.drain("realtime")
    client.disconnect()
    house.append(session, 7)
    house.drain("realtime")
    again = connect(house)
    again.subscribe(session, after=client.numbers[-1])
    house.append(session, 1)
    house.drain("realtime")
    assert client.numbers + again.numbers == list(range(1, 14))
    assert len(list_subscriptions(house.app.table, session)) == 1


def test_doubled_and_late_nudges_change_nothing(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session, 3)
    queue = house.engine.queues.queue("realtime")
    for number in (3, 1, 2, 3, 99):
        queue.send(
            json.dumps({"session": session, "number": number}),
            group=session,
            deduplication_id=f"again-{number}-{queue.depth()}",
        )
    house.drain("realtime")
    assert client.numbers == [1, 2, 3]


def test_a_connection_that_is_gone_is_forgotten_and_the_others_are_served(house: House, session: str) -> None:
    gone, stays = connect(house), connect(house)
    gone.subscribe(session)
    stays.subscribe(session)
    del house.push.frames[gone.id]
    house.append(session, 2)
    house.drain("realtime")
    assert stays.numbers == [1, 2]
    assert [s.connection for s in list_subscriptions(house.app.table, session)] == [stays.id]


def test_a_slow_consumer_is_dropped_and_resumes_where_it_was(house: House, session: str) -> None:
    slow, stays = connect(house), connect(house)
    slow.subscribe(session)
    stays.subscribe(session)
    house.append(session, 2)
    house.drain("realtime")
    house.push.faults[slow.id] = [Throttled("slow")]
    house.append(session, 2)
    house.drain("realtime")
    assert house.push.closed == [slow.id]
    assert [s.connection for s in list_subscriptions(house.app.table, session)] == [stays.id]
    assert stays.numbers == [1, 2, 3, 4]
    assert slow.subscribe(session, after=2) == {
        "type": "error",
        "code": "connection_ended",
        "category": "business_logic",
        "message": "This connection has ended.",
        "field": None,
        "mend": "Connect again and go on with `after`.",
    }
    again = connect(house)
    again.subscribe(session, after=slow.numbers[-1])
    house.drain("realtime")
    assert slow.numbers + again.numbers == [1, 2, 3, 4]


def test_an_engine_that_fails_gives_the_group_back_and_the_order_stays(house: House, session: str) -> None:
    client, other = connect(house), connect(house)
    client.subscribe(session)
    other.subscribe(session)
    house.drain("realtime")
    house.append(session, 3)

    def fail_on_second(connection: str, frame: dict[str, object]) -> None:
        if connection == client.id and frame.get("sequence") == 2:
            house.push.on_post = lambda connection, frame: None
            raise StorageError("the gateway answered 503")

    house.push.on_post = fail_on_second
    house.drain("realtime")
    assert client.numbers == [1]
    assert other.numbers == [1, 2, 3]
    house.append(session, 1)
    assert house.drain("realtime") == 0  # the group waits for the message that was given back
    house.clock.pass_time(31)
    house.drain("realtime")
    assert client.numbers == [1, 2, 3, 4]
    assert other.numbers == [1, 2, 3, 4]


def test_one_session_that_fails_does_not_fail_the_batch(house: House, session: str) -> None:
    good = house.session(TENANT)
    first, second = connect(house), connect(house)
    first.subscribe(session)
    second.subscribe(good)
    house.drain("realtime")
    house.push.faults[first.id] = [StorageError("once")]
    house.append(session)
    house.append(good)
    batch = house.engine.queues.queue("realtime").receive()
    assert len({message.group for message in batch}) == 2
    house.handle("realtime", batch)
    assert second.numbers == [1]
    assert first.numbers == []
    assert house.engine.queues.queue("realtime").depth() == 1


def test_a_new_cursor_is_not_overwritten_by_who_still_serves_the_old_one(house: House, session: str) -> None:
    house.append(session, 4)
    client = connect(house)
    client.subscribe(session, after=3)

    def subscribe_anew(connection: str, frame: dict[str, object]) -> None:
        if frame.get("sequence") == 4:
            house.push.on_post = lambda connection, frame: None
            client.subscribe(session, after=0)

    house.push.on_post = subscribe_anew
    house.drain("realtime")
    assert client.numbers == [4, 1, 2, 3, 4]


def test_a_frame_over_64_kb_goes_without_its_data(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session, data={"text": "x" * 60_000})
    house.append(session, data={"text": "ü" * 40_000})
    house.append(session, data={"text": "after"})
    house.drain("realtime")
    fits, big, after = client.frames[1:]
    assert "truncated" not in fits
    assert big["truncated"] is True
    assert "data" not in big
    assert big["dataref"] == f"/v1/events?session_id={session}&generation=1&after=1&limit=1"
    assert after["data"] == {"text": "after"}
    assert max(house.push.sizes) <= 64 * 1024


def test_an_event_whose_key_was_erased_keeps_its_place(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session, contact="con_erased")
    house.append(session)
    house.engine.wrapped_keys.delete(Key(f"TEN#{TENANT}", "KEY#con_erased"))
    house.app.seals._cache.clear()
    house.drain("realtime")
    assert client.numbers == [1, 2]
    assert client.frames[1]["unreadable"] == "key_erased"


def test_a_new_generation_is_entered_at_its_first_event(house: House, session: str) -> None:
    client, behind = connect(house), connect(house)
    house.append(session, 60)
    client.subscribe(session)
    house.drain("realtime")
    behind.subscribe(session, after=0)
    house.app.table.update(Update(Key(f"SES#{session}", "HEAD"), set={"generation": 2, "number": 0}))
    house.append(session, 2)
    house.drain("realtime")
    assert [(frame["generation"], frame["sequence"]) for frame in client.frames[1:]] == [(2, 1), (2, 2)]
    assert behind.numbers == [*range(1, 61), 1, 2]


def test_clients_get_clear_answers_to_mistakes(house: House, session: str) -> None:
    foreign = house.session(new_tenant())
    house.append(session, 2)
    client = connect(house)
    unknown = "ses_" + "0" * 26
    cases: list[tuple[object, str, str | None]] = [
        ("no json", "invalid_json", None),
        ("[1]", "invalid_json", None),
        ("", "invalid_json", None),
        ({}, "unknown_action", "action"),
        ({"action": "dance"}, "unknown_action", "action"),
        ({"action": ["subscribe"]}, "unknown_action", "action"),
        ({"action": "subscribe"}, "missing", "session_id"),
        ({"action": "subscribe", "session_id": 7}, "missing", "session_id"),
        ({"action": "subscribe", "session_id": "ses_x#HEAD"}, "session_not_found", "session_id"),
        ({"action": "subscribe", "session_id": unknown}, "session_not_found", "session_id"),
        ({"action": "subscribe", "session_id": foreign}, "session_not_found", "session_id"),
        ({"action": "unsubscribe"}, "missing", "session_id"),
        ({"action": "subscribe", "session_id": session, "after": "1"}, "invalid", "after"),
        ({"action": "subscribe", "session_id": session, "after": -1}, "invalid", "after"),
        ({"action": "subscribe", "session_id": session, "after": True}, "invalid", "after"),
        ({"action": "subscribe", "session_id": session, "after": 10**30}, "invalid", "after"),
        ({"action": "subscribe", "session_id": session, "after": 3}, "after_ahead_of_log", "after"),
        (
            {"action": "subscribe", "session_id": session, "after": 0, "generation": 2},
            "after_ahead_of_log",
            "generation",
        ),
        ({"action": "subscribe", "session_id": session, "after": 0, "generation": 0}, "generation_over", "generation"),
    ]
    for message, code, field in cases:
        answer = client.say(message)  # type: ignore[arg-type]
        assert answer is not None, message
        assert (answer["type"], answer["code"], answer["field"]) == ("error", code, field), message
        assert answer["mend"], message
    assert client.say({"action": "ping"}) == {"type": "pong"}
    house.drain("realtime")
    assert client.frames == []


def test_an_unknown_and_a_foreign_session_get_the_same_answer(house: House) -> None:
    foreign = house.session(new_tenant())
    client = connect(house)
    answers = {json.dumps(client.subscribe(each)) for each in (foreign, "ses_" + "0" * 26, "ses_nonsense")}
    assert len(answers) == 1


def test_nothing_comes_after_an_unsubscribe(house: House, session: str) -> None:
    client = connect(house)
    client.subscribe(session)
    house.append(session)
    house.drain("realtime")
    assert client.say({"action": "unsubscribe", "session_id": session}) == {
        "type": "unsubscribed",
        "session_id": session,
    }
    house.append(session)
    house.drain("realtime")
    assert client.numbers == [1]
    client.disconnect()
    assert house.app.table.query(f"CONN#{client.id}").items == []


def test_many_connections_are_all_served(house: House, session: str) -> None:
    clients = [connect(house) for _ in range(50)]
    for client in clients:
        client.subscribe(session)
    house.append(session, 5)
    house.drain("realtime")
    assert all(client.numbers == [1, 2, 3, 4, 5] for client in clients)


def test_realtime_starts_without_heavy_imports() -> None:
    heavy = ["pydantic", "httpx", "httpcore", "boto3", "aws_lambda_powertools", "phonenumbers", "http.client"]
    script = f"import sys, realtime.handler; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
