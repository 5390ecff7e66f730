"""Events reach webhook endpoints signed, in order per chat, retried, and a failing one delays nobody else."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import webhooks.handler
from tests.integration.events_house import House, new_contact, new_tenant, open_house
from tests.integration.receiver import Receiver, receivers
from waypost.domain.ids import make_id
from waypost.domain.webhook import RETRY_FOR_SECONDS
from waypost.entities.event import list_events
from waypost.entities.webhook import Endpoint, delete_endpoint, fanned_out, get_endpoint, put_endpoint
from waypost.entities.webhook_dead import list_dead
from waypost.entities.webhook_lane import Lane, lane_name, list_owed
from waypost.ports import Key
from waypost.services import webhook_fanout, webhook_lanes
from waypost.services.nudges import nudge_consumers
from waypost.services.webhook_delivery import seal_destination, transport
from waypost.services.webhook_fanout import fan_out

TENANT = new_tenant()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(name="receivers")
def receivers_fixture() -> Iterator[Callable[[], Receiver]]:
    with receivers() as start:
        yield start
        transport(True).close()
        transport.cache_clear()


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    return receivers()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        monkeypatch.setattr(webhooks.handler, "app", lambda: house.app)
        house.handlers["webhooks"] = webhooks.handler.handler
        yield house


@pytest.fixture
def session(house: House) -> str:
    return house.session(TENANT)


def endpoint(
    house: House, url: str, *, tenant: str = TENANT, session: str | None = None, events: tuple[str, ...] = ()
) -> str:
    hook = make_id("whk", url.encode()[-16:].rjust(16))
    sealed = seal_destination(house.app.seals, tenant, hook, url=url, secret=SECRET)
    put_endpoint(house.app.table, Endpoint(hook, tenant, sealed, events, session, house.clock.now()))
    return hook


def owed(house: House, hook: str, session: str, contact: str | None = None) -> list[int]:
    lane = Lane(hook, TENANT, lane_name(session, contact))
    return [event.number for event in list_owed(house.app.table, lane, limit=1000)]


def test_a_post_is_a_signed_cloudevent_that_the_library_verifies(
    house: House, session: str, receiver: Receiver
) -> None:
    endpoint(house, receiver.url)
    house.append(session, data={"text": "grüße"})
    house.drain("webhooks")
    (post,) = receiver.posts
    verified = Webhook(SECRET).verify(post.body, post.headers)
    assert verified["specversion"] == "1.0"
    assert verified["data"] == {"text": "grüße"}
    assert post.headers["webhook-id"] == verified["id"] == f"evt_{session.removeprefix('ses_')}_1_1"
    assert post.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body + b" ", post.headers)


def test_order_per_chat_holds_while_an_event_fails_and_other_chats_go_on(
    house: House, session: str, receiver: Receiver
) -> None:
    endpoint(house, receiver.url)
    stuck, free = new_contact(), new_contact()
    failures = 3

    def rule(event: dict[str, Any]) -> int:
        nonlocal failures
        if event["sequence"] == 3 and failures:
            failures -= 1
            return 500
        return 200

    receiver.rule = rule
    for number in range(1, 9):
        house.append(session, contact=stuck if number % 2 else free)
    house.drain("webhooks")
    assert receiver.taken == [1, 2, 4, 6, 8]
    for _ in range(4):
        house.clock.pass_time(16)
        house.drain("webhooks")
    assert receiver.taken == [1, 2, 4, 6, 8, 3, 5, 7]
    assert receiver.tried.count(3) == 4
    assert len({post.headers["webhook-id"] for post in receiver.posts if post.event["sequence"] == 3}) == 1


def test_a_dead_endpoint_delays_nobody(house: House, session: str, receivers: Callable[[], Receiver]) -> None:
    dead, alive = receivers(), receivers()
    dead.rule = lambda event: 503
    hook = endpoint(house, dead.url)
    endpoint(house, alive.url)
    house.append(session, 5)
    house.drain("webhooks")
    assert alive.taken == [1, 2, 3, 4, 5]
    assert dead.tried == [1]
    assert owed(house, hook, session) == [1, 2, 3, 4, 5]


def test_a_host_that_gives_no_answer_is_tried_by_one_lane_at_a_time(
    house: House, session: str, receivers: Callable[[], Receiver]
) -> None:
    alive = receivers()
    silent = endpoint(house, "http://127.0.0.1:9/discard")
    endpoint(house, alive.url)
    chats = [new_contact() for _ in range(12)]
    for chat in chats:
        house.append(session, contact=chat)
    house.drain("webhooks")
    assert sorted(alive.taken) == list(range(1, 13))
    tries = [_attempts(house, silent, session, chat) for chat in chats]
    assert sum(tries) == webhook_lanes.SILENCES_ALLOWED
    house.clock.pass_time(60)
    house.drain("webhooks")
    assert sum(_attempts(house, silent, session, chat) for chat in chats) == webhook_lanes.SILENCES_ALLOWED + 1


def _attempts(house: House, hook: str, session: str, chat: str) -> int:
    item = house.app.table.get(Lane(hook, TENANT, lane_name(session, chat)).key)
    assert item is not None
    attempts = item["attempts"]
    assert isinstance(attempts, int)
    return attempts


def test_a_silent_host_that_is_back_gets_everything(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, "http://127.0.0.1:9/discard")
    chats = [new_contact() for _ in range(6)]
    for chat in chats:
        house.append(session, 2, contact=chat)
    house.drain("webhooks")
    back = get_endpoint(house.app.table, TENANT, hook)
    assert back is not None
    sealed = seal_destination(house.app.seals, TENANT, hook, url=receiver.url, secret=SECRET)
    delete_endpoint(house.app.table, TENANT, hook)
    put_endpoint(house.app.table, Endpoint(hook, TENANT, sealed, (), None, back.created_ms))
    for _ in range(4):
        house.clock.pass_time(60)
        house.drain("webhooks")
    assert sorted(receiver.taken) == list(range(1, 13))
    assert all(first < second for first, second in _pairs(receiver))


def _pairs(receiver: Receiver) -> list[tuple[int, int]]:
    places = {number: place for place, number in enumerate(receiver.taken)}
    return [(places[number], places[number + 1]) for number in range(1, 12, 2)]


def test_a_crash_between_the_post_and_its_payment_posts_the_same_id_again(
    house: House, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(house, receiver.url)
    house.append(session)
    house.drain("webhooks", rounds=1)  # the fan-out

    def crash(*_: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(webhook_lanes, "pay_last", crash)
        with pytest.raises(SystemExit):
            house.drain("webhooks")
    house.clock.pass_time(61)  # the queue's visibility
    house.drain("webhooks")
    first, second = receiver.posts
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_fanning_out_twice_notes_nothing_twice(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    receiver.rule = lambda event: 500
    house.append(session, 3, nudge=False)
    for number in (3, 1, 2, 3, 77):
        nudge_consumers(session, number, queues=house.engine.queues)
    house.drain("webhooks")
    assert owed(house, hook, session) == [1, 2, 3]
    receiver.rule = lambda event: 200
    for _ in range(3):
        house.clock.pass_time(10)
        nudge_consumers(session, 1, queues=house.engine.queues)
        house.drain("webhooks")
    assert receiver.taken == [1, 2, 3]


def test_a_fan_out_that_comes_too_late_does_not_note_again_what_was_paid(
    house: House, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = endpoint(house, receiver.url)
    house.append(session, 3)
    read = list_events

    def overtaken(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(webhook_fanout, "list_events", read)
        events = read(*arguments, **more)
        house.drain("webhooks")
        return events

    monkeypatch.setattr(webhook_fanout, "list_events", overtaken)
    fan_out(session, table=house.app.table, queues=house.engine.queues, now_ms=house.clock.now())
    house.drain("webhooks")
    assert receiver.taken == [1, 2, 3]
    assert owed(house, hook, session) == []


def test_new_events_do_not_cut_a_back_off_short(house: House, session: str, receiver: Receiver) -> None:
    endpoint(house, receiver.url)
    receiver.rule = lambda event: 500
    for _ in range(4):
        house.append(session)
        house.drain("webhooks")
    assert receiver.tried == [1]


def test_fan_outs_side_by_side_note_everything_once(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    house.append(session, 300, nudge=False)
    threads = [
        threading.Thread(
            target=fan_out,
            args=(session,),
            kwargs={"table": house.app.table, "queues": house.engine.queues, "now_ms": house.clock.now()},
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert owed(house, hook, session) == list(range(1, 301))
    house.drain("webhooks")
    assert receiver.taken == list(range(1, 301))


def test_a_burst_over_many_chats_fits_its_transactions(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    for _ in range(120):
        house.append(session, contact=new_contact(), nudge=False)
    house.append(session)
    house.drain("webhooks")
    assert sorted(receiver.taken) == list(range(1, 122))
    assert fanned_out(house.app.table, hook, session) == (1, 121)


def test_what_comes_while_a_lane_is_delivered_is_not_left_behind(
    house: House, session: str, receiver: Receiver
) -> None:
    endpoint(house, receiver.url)
    house.append(session)

    def rule(event: dict[str, Any]) -> int:
        if event["sequence"] < 5:
            # The fan-out of the next event finds the lane held; its own message is then lost for good.
            house.append(session, nudge=False)
            queues = house.engine.queues
            fan_out(session, table=house.app.table, queues=queues, now_ms=house.clock.now())
            queue = queues.queue("webhooks")
            for message in queue.receive():
                queue.delete(message.receipt)
        return 200

    receiver.rule = rule
    house.drain("webhooks")
    assert receiver.taken == [1, 2, 3, 4, 5]


def test_a_new_endpoint_begins_with_what_comes_after_it(house: House, session: str, receiver: Receiver) -> None:
    house.append(session, 60)
    house.clock.pass_time(1)
    endpoint(house, receiver.url)
    house.append(session, 2)
    later = house.session(TENANT)
    house.append(later, 3)
    house.drain("webhooks")
    got = [(post.event["sessionid"], post.event["sequence"]) for post in receiver.posts]
    assert got == [(session, 61), (session, 62), (later, 1), (later, 2), (later, 3)]


def test_an_endpoint_gets_what_it_asked_for_and_no_other_tenant_s_events(
    house: House, session: str, receivers: Callable[[], Receiver]
) -> None:
    chosen, foreign, other = receivers(), receivers(), receivers()
    elsewhere = house.session(TENANT)
    endpoint(house, chosen.url, session=session, events=("message_sent",))
    endpoint(house, other.url, session=elsewhere)
    endpoint(house, foreign.url, tenant=new_tenant())
    house.append(session, type="message_sent")
    house.append(session, type="typing_indicator")
    house.append(elsewhere, type="message_sent")
    house.drain("webhooks")
    assert [(post.event["sessionid"], post.event["type"]) for post in chosen.posts] == [(session, "message_sent")]
    assert [post.event["sessionid"] for post in other.posts] == [elsewhere]
    assert foreign.posts == []


@pytest.mark.parametrize(("asked", "waits"), [("120", 120), ("99999", 900), ("soon", 0)])
def test_retry_after_is_honoured_up_to_15_minutes(
    house: House, session: str, receiver: Receiver, asked: str, waits: int
) -> None:
    endpoint(house, receiver.url)
    receiver.rule = lambda event: 429
    receiver.headers = {"Retry-After": asked}
    house.append(session)
    house.drain("webhooks")
    receiver.rule = lambda event: 200
    if waits:
        house.clock.pass_time(waits - 1)
        house.drain("webhooks")
        assert receiver.taken == []
    house.clock.pass_time(3)
    house.drain("webhooks")
    assert receiver.taken == [1]


def test_a_redirect_is_a_failure_and_is_not_followed(
    house: House, session: str, receivers: Callable[[], Receiver]
) -> None:
    first, second = receivers(), receivers()
    hook = endpoint(house, first.url)
    first.rule = lambda event: 307
    first.headers = {"Location": second.url}
    house.append(session)
    house.drain("webhooks")
    assert (first.tried, second.tried) == ([1], [])
    assert owed(house, hook, session) == [1]


def test_after_three_days_events_are_dead_letters_with_a_reason(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    receiver.rule = lambda event: 500
    house.append(session, 30)
    house.drain("webhooks")
    house.clock.pass_time(RETRY_FOR_SECONDS - 5)
    house.append(session, 1)
    house.drain("webhooks")
    assert list_dead(house.app.table, hook, limit=100)[0] == []
    house.clock.pass_time(901)
    house.drain("webhooks")
    dead, _ = list_dead(house.app.table, hook, limit=100)
    assert [letter.number for letter in dead] == list(range(1, 31))
    assert {letter.reason for letter in dead} == {"it answered 500"}
    assert owed(house, hook, session) == [31]
    receiver.rule = lambda event: 200
    house.clock.pass_time(901)
    house.drain("webhooks")
    assert receiver.taken == [31]


def test_410_disables_the_endpoint_and_keeps_what_was_owed(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    receiver.rule = lambda event: 410
    house.append(session, 3)
    house.append(session, contact=new_contact())
    house.drain("webhooks")
    stored = get_endpoint(house.app.table, TENANT, hook)
    assert stored is not None
    assert stored.disabled == "it answered 410"
    assert len(receiver.posts) == 1
    assert sorted(letter.number for letter in list_dead(house.app.table, hook, limit=10)[0]) == [1, 2, 3, 4]
    house.append(session)
    house.drain("webhooks")
    assert len(receiver.posts) == 1


def test_what_is_owed_to_a_deleted_endpoint_is_dropped(house: House, session: str, receiver: Receiver) -> None:
    hook = endpoint(house, receiver.url)
    receiver.rule = lambda event: 500
    house.append(session, 90)
    house.drain("webhooks")
    delete_endpoint(house.app.table, TENANT, hook)
    house.clock.pass_time(901)
    house.drain("webhooks")
    assert len(receiver.posts) == 1
    assert owed(house, hook, session) == []
    assert house.app.table.get(Lane(hook, TENANT, lane_name(session, None)).key) is None


def test_a_lane_that_takes_long_goes_on_by_another_message(
    house: House, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(house, receiver.url)
    house.append(session, 5)
    house.drain("webhooks", rounds=1)
    with monkeypatch.context() as patch:
        patch.setattr(webhook_lanes, "SECONDS", -1.0)
        house.drain("webhooks", rounds=1)
    assert receiver.posts == []
    house.drain("webhooks")
    assert receiver.taken == [1, 2, 3, 4, 5]


def test_an_event_whose_key_was_erased_does_not_hold_up_the_lane(
    house: House, session: str, receiver: Receiver
) -> None:
    endpoint(house, receiver.url)
    chat = new_contact()
    house.append(session, contact=chat)
    house.engine.wrapped_keys.delete(Key(f"TEN#{TENANT}", f"KEY#{chat}"))
    house.app.seals._cache.clear()
    house.append(session, contact=chat)
    house.app.seals._cache.clear()
    house.drain("webhooks")
    first, second = (post.event for post in receiver.posts)
    assert "data" not in first
    assert first["unreadable"] in ("key_erased", "tampered")
    assert second["data"] == {"text": "hello"}


def test_a_private_target_is_refused_at_the_post(
    house: House, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = endpoint(house, receiver.url)
    house.append(session)
    closed = transport(False)
    monkeypatch.setattr(webhooks.handler, "transport", lambda allow_private: closed)
    house.drain("webhooks")
    assert receiver.posts == []
    assert owed(house, hook, session) == [1]
