"""Looking after webhooks: their state, their posts, what was given up, posting again, changing address and secret."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import sweeper.handler
import webhooks.handler
from tests.integration.api_client import Answer, ApiClient
from tests.integration.events_house import House, new_contact, open_house
from tests.integration.receiver import Receiver, receivers
from waypost import bootstrap
from waypost.domain.event import event_id, rfc3339
from waypost.domain.webhook import RETRY_FOR_SECONDS
from waypost.entities import webhook_log
from waypost.entities.tenant import put_tenant
from waypost.entities.webhook_log import Attempt, list_attempts, log_attempts
from waypost.services import webhook_redelivery
from waypost.services.idempotency import Request
from waypost.services.webhook_delivery import transport
from waypost.services.webhook_endpoints import ROTATION_SECONDS


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with open_house(tmp_path) as house:
        for module in (webhooks.handler, sweeper.handler, bootstrap):
            monkeypatch.setattr(module, "app", lambda: house.app)
        house.handlers["webhooks"] = webhooks.handler.handler
        yield house
        transport(True).close()
        transport.cache_clear()


@pytest.fixture
def client(house: House) -> ApiClient:
    client = ApiClient()
    put_tenant(house.app.table, client.tenant, "shop", house.clock.now())
    return client


@pytest.fixture
def session(house: House, client: ApiClient) -> str:
    return house.session(client.tenant)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receivers() as start:
        yield start()


def hook(client: ApiClient, receiver: Receiver, **more: Any) -> str:
    answer = client.post("/v1/webhooks", {"url": receiver.url, **more})
    assert answer.status == 201, answer.body
    return str(answer.json()["id"])


def fail(status: int) -> Callable[[dict[str, Any]], int]:
    return lambda event: status


def patch(client: ApiClient, hook: str, **body: Any) -> Answer:
    return client.call("PATCH", f"/v1/webhooks/{hook}", body=body)


def killed(house: House, session: str, receiver: Receiver, count: int = 3) -> None:
    """`count` events of one chat that are dead letters by now."""
    receiver.rule = fail(500)
    house.append(session, count)
    house.drain("webhooks")
    house.clock.pass_time(RETRY_FOR_SECONDS + 901)
    house.drain("webhooks")
    receiver.posts.clear()


def test_the_state_tells_what_is_owed_since_when_and_why(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver)
    quiet = client.get(f"/v1/webhooks/{made}").json()
    assert (quiet["state"], quiet["pending"], quiet["oldest_pending_at"], quiet["last_error"]) == (
        "active", 0, None, None,
    )  # fmt: skip
    receiver.rule = fail(503)
    house.append(session, 2)
    house.append(session, contact=new_contact())
    house.drain("webhooks")
    noted = house.clock.now()
    house.clock.pass_time(1)
    house.append(session)
    house.drain("webhooks")
    failing = client.get(f"/v1/webhooks/{made}").json()
    assert (failing["state"], failing["pending"], failing["last_error"]) == ("failing", 4, "it answered 503")
    assert failing["oldest_pending_at"] == rfc3339(noted)
    assert client.get("/v1/webhooks").json()["webhooks"] == [failing]
    receiver.rule = fail(200)
    for _ in range(3):
        house.clock.pass_time(20)
        house.drain("webhooks")
    again = client.get(f"/v1/webhooks/{made}").json()
    assert (again["state"], again["pending"], again["oldest_pending_at"]) == ("active", 0, None)
    assert again["last_delivered_at"] > again["last_failed_at"]


def test_a_silent_endpoint_is_told_as_such(house: House, client: ApiClient, session: str) -> None:
    made = hook(client, Receiver("http://127.0.0.1:9/"))
    for _ in range(4):
        house.append(session, contact=new_contact())
    house.drain("webhooks")
    state = client.get(f"/v1/webhooks/{made}").json()
    assert (state["state"], state["pending"]) == ("silent", 4)
    (latest, *_) = client.get(f"/v1/webhooks/{made}/deliveries").json()["deliveries"]
    assert (latest["status"], latest["delivered"]) == (None, False)
    assert latest["error"]


def test_the_delivery_log_has_every_post_newest_first_without_bodies(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver)
    answers = iter((500, 500, 204, 204))
    receiver.rule = lambda event: next(answers)
    house.append(session, 2, data={"text": "a secret"})
    for _ in range(3):
        house.drain("webhooks")
        house.clock.pass_time(20)
    answer = client.get(f"/v1/webhooks/{made}/deliveries")
    assert b"secret" not in answer.body
    posts = answer.json()["deliveries"]
    assert [(post["event_id"].rsplit("_", 1)[1], post["attempt"], post["status"]) for post in posts] == [
        ("2", 1, 204), ("1", 3, 204), ("1", 2, 500), ("1", 1, 500),
    ]  # fmt: skip
    assert [post["error"] for post in posts] == [None, None, "it answered 500", "it answered 500"]
    assert all(post["milliseconds"] >= 0 for post in posts)
    assert [post["at"] for post in posts] == sorted((post["at"] for post in posts), reverse=True)
    first = client.get(f"/v1/webhooks/{made}/deliveries", query={"limit": "3"}).json()
    rest = client.get(f"/v1/webhooks/{made}/deliveries", query={"limit": "3", "cursor": first["next_cursor"]}).json()
    assert first["deliveries"] + rest["deliveries"] == posts
    assert rest["next_cursor"] is None
    house.clock.pass_time(8 * 86_400)
    assert client.get(f"/v1/webhooks/{made}/deliveries").json() == {"deliveries": [], "next_cursor": None}


@pytest.mark.parametrize("count", [1, 9, 10, 11, 20, 37])
def test_the_log_is_a_ring(house: House, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(webhook_log, "KEPT", 10)
    now, table = house.clock.now(), house.app.table
    for number in range(1, count + 1):
        log_attempts(table, "whk_x", [Attempt(str(number), now, 1, 200, 1, None)])
    found: list[int] = []
    before: int | None = None
    while True:
        page, before = list_attempts(table, "whk_x", limit=4, now_ms=now, before=before)
        found += [logged.number for logged in page]
        if before is None:
            break
    assert found == list(range(count, max(0, count - 10), -1))
    assert len(table.query("HOOK#whk_x#LOG", between=("0", "9999")).items) <= 10


@pytest.mark.parametrize("cursor", ["x", "-1", "", "9" * 13, "٣"])
def test_a_made_up_cursor_of_the_log(client: ApiClient, receiver: Receiver, cursor: str) -> None:
    answer = client.get(f"/v1/webhooks/{hook(client, receiver)}/deliveries", query={"cursor": cursor})
    assert (answer.status, answer.code) == (422, "invalid_cursor")


def test_dead_letters_are_listed_and_posted_again_in_order(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver)
    killed(house, session, receiver)
    listed = client.get(f"/v1/webhooks/{made}/dead-letters").json()["dead_letters"]
    assert [letter["sequence"] for letter in listed] == [1, 2, 3]
    assert {letter["reason"] for letter in listed} == {"it answered 500"}
    assert listed[0]["id"] == event_id(session, 1, 1)
    receiver.rule = fail(200)
    ids = [listed[2]["id"], listed[0]["id"], listed[0]["id"], "evt_nonsense", event_id(session, 1, 77)]
    answer = client.post(f"/v1/webhooks/{made}/dead-letters/redeliver", {"ids": ids})
    assert (answer.status, answer.json()) == (202, {"queued": 2, "more": False, "unknown": ids[3:]})
    house.drain("webhooks")
    assert receiver.taken == [1, 3]
    assert client.post(f"/v1/webhooks/{made}/dead-letters/redeliver", {"all": True}).json()["queued"] == 1
    house.drain("webhooks")
    assert receiver.taken == [1, 3, 2]
    assert client.get(f"/v1/webhooks/{made}/dead-letters").json() == {"dead_letters": [], "next_cursor": None}


def test_many_dead_letters_over_many_chats_and_a_time_that_is_up(
    house: House, client: ApiClient, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook(client, receiver)
    receiver.rule = fail(410)
    for _ in range(80):
        house.append(session, contact=new_contact(), nudge=False)
    house.append(session)
    house.drain("webhooks")
    receiver.rule = fail(200)
    receiver.posts.clear()
    assert patch(client, made, enabled=True).status == 200
    with monkeypatch.context() as impatient:
        impatient.setattr(webhook_redelivery, "SECONDS", -1.0)
        some = client.post(f"/v1/webhooks/{made}/dead-letters/redeliver", {"all": True}).json()
    assert (some["queued"], some["more"]) == (33, True)
    rest = client.post(f"/v1/webhooks/{made}/dead-letters/redeliver", {"all": True}).json()
    assert (rest["queued"], rest["more"]) == (48, False)
    house.drain("webhooks")
    assert sorted(receiver.taken) == list(range(1, 82))


@pytest.mark.parametrize("body", [{}, {"ids": ["evt_x"], "all": True}])
def test_ids_or_all_but_not_both(client: ApiClient, receiver: Receiver, body: dict[str, Any]) -> None:
    answer = client.post(f"/v1/webhooks/{hook(client, receiver)}/dead-letters/redeliver", body)
    assert (answer.status, answer.code) == (422, "ids_or_all")


def test_a_stretch_of_the_log_is_posted_again_in_order_per_chat(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver, events=["message_received"])
    chats = [new_contact() for _ in range(3)]
    for number in range(12):
        house.append(session, contact=chats[number % 3])
    house.append(session, type="typing_indicator")
    house.drain("webhooks")
    receiver.posts.clear()
    body = {"session_id": session, "after": 2, "until": 10}
    answer = client.post(f"/v1/webhooks/{made}/redeliver", body, key="once")
    assert (answer.status, answer.json()) == (202, {"queued": 8, "next_after": 10, "more": False})
    assert client.post(f"/v1/webhooks/{made}/redeliver", body, key="once").headers["idempotency-replayed"] == "true"
    house.drain("webhooks")
    assert sorted(receiver.taken) == list(range(3, 11))
    for chat in range(3):
        of_chat = [number for number in receiver.taken if (number - 1) % 3 == chat]
        assert of_chat == sorted(of_chat)
    whole = client.post(f"/v1/webhooks/{made}/redeliver", {"session_id": session, "after": 0}).json()
    assert whole == {"queued": 12, "next_after": 13, "more": False}


def test_a_long_stretch_goes_on_with_another_request(
    house: House, client: ApiClient, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook(client, receiver)
    house.append(session, 250)
    house.drain("webhooks")
    receiver.posts.clear()
    monkeypatch.setattr(webhook_redelivery, "SECONDS", -1.0)
    after, more, requests = 0, True, 0
    while more:
        done = client.post(f"/v1/webhooks/{made}/redeliver", {"session_id": session, "after": after}).json()
        after, more, requests = done["next_after"], done["more"], requests + 1
    assert (after, requests) == (250, 3)
    house.drain("webhooks")
    assert receiver.taken == list(range(1, 251))


def test_wrong_stretches(house: House, client: ApiClient, session: str, receiver: Receiver) -> None:
    other = house.session(client.tenant)
    made = hook(client, receiver, session_id=session)
    house.append(session, 3)
    for body, code in (
        ({"session_id": other, "after": 0}, "session_not_followed"),
        ({"session_id": session, "after": 4}, "after_ahead_of_log"),
        ({"session_id": session, "after": 0, "generation": 2}, "after_ahead_of_log"),
        ({"session_id": session, "after": 2, "until": 2}, "empty_range"),
        ({"session_id": session, "after": -1}, "invalid_request"),
        ({"session_id": session, "after": "1"}, "invalid_request"),
        ({"session_id": session}, "invalid_request"),
    ):
        answer = client.post(f"/v1/webhooks/{made}/redeliver", body)
        assert (answer.status, answer.code) == (422, code), body
    patch(client, made, enabled=False)
    refused: list[tuple[str, Any]] = [
        ("redeliver", {"session_id": session, "after": 0}),
        ("dead-letters/redeliver", {"all": True}),
    ]
    for path, what in refused:
        answer = client.post(f"/v1/webhooks/{made}/{path}", what)
        assert (answer.status, answer.code) == (409, "webhook_disabled")


def test_an_endpoint_that_said_410_is_enabled_again_and_misses_nothing(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver)
    receiver.rule = fail(410)
    house.append(session, 2)
    house.drain("webhooks")
    house.append(session, 3)
    house.drain("webhooks")
    assert client.get(f"/v1/webhooks/{made}").json()["disabled"] == "it answered 410"
    receiver.rule = fail(200)
    receiver.posts.clear()
    answer = patch(client, made, enabled=True)
    assert (answer.status, answer.json()["disabled"], answer.json()["state"]) == (200, None, "active")
    client.post(f"/v1/webhooks/{made}/dead-letters/redeliver", {"all": True})
    house.drain("webhooks")
    assert sorted(receiver.taken) == [1, 2, 3, 4, 5]


def test_what_happens_in_a_pause_comes_after_it(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = hook(client, receiver)
    house.append(session)
    house.drain("webhooks")
    assert patch(client, made, enabled=False).json()["disabled"] == "paused by request"
    house.append(session, 2)
    house.drain("webhooks")
    assert receiver.taken == [1]
    patch(client, made, enabled=True)
    house.drain("webhooks")
    assert receiver.taken == [1, 2, 3]


def test_a_change_of_kinds_and_sessions_counts_from_now_on(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    other = house.session(client.tenant)
    made = hook(client, receiver, session_id=session, events=["message_sent"])
    house.append(session)
    house.append(other, 3)
    house.drain("webhooks")
    house.clock.pass_time(1)
    changed = patch(client, made, session_id=None, events=None).json()
    assert (changed["session_id"], len(changed["events"])) == (None, 6)
    house.append(other)
    house.append(session)
    house.drain("webhooks")
    assert [(post.event["sessionid"], post.event["sequence"]) for post in receiver.posts] == [(other, 4), (session, 2)]
    assert patch(client, made, session_id=session).json()["session_id"] == session
    house.append(other)
    house.drain("webhooks")
    assert len(receiver.posts) == 2
    house.clock.pass_time(1)
    patch(client, made, session_id=None)  # what it did not follow meanwhile stays away
    assert sweeper.handler.handler({}, None)["endpoints"] == 0
    house.append(other)
    house.drain("webhooks")
    assert [post.event["sequence"] for post in receiver.posts[2:]] == [6]


def test_a_new_address_gets_what_is_owed(house: House, client: ApiClient, session: str) -> None:
    with receivers() as start:
        old, new = start(), start()
        old.rule = fail(500)
        made = hook(client, old)
        house.append(session, 2)
        house.drain("webhooks")
        assert patch(client, made, url=new.url).json()["url"] == new.url
        house.clock.pass_time(20)
        house.drain("webhooks")
        assert new.taken == [1, 2]


def test_wrong_changes(client: ApiClient, receiver: Receiver) -> None:
    made = hook(client, receiver)
    for body, code in (
        ({}, "nothing_to_change"),
        ({"url": "ftp://example.com/"}, "webhook_target_refused"),
        ({"url": None}, "invalid_request"),
        ({"enabled": None}, "invalid_request"),
        ({"events": []}, "invalid_request"),
        ({"secret": "x"}, "invalid_request"),
    ):
        answer = patch(client, made, **body)
        assert (answer.status, answer.code) == (422, code), body
    assert patch(client, made, session_id="ses_x").code == "session_not_found"


def test_a_change_on_top_of_anothers_is_refused(
    house: House, client: ApiClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook(client, receiver)
    with overtaken(house, monkeypatch, lambda: patch(client, made, url="https://example.com/other")):
        answer = patch(client, made, url="https://example.com/mine")
    assert (answer.status, answer.code) == (409, "webhook_changed")
    assert client.get(f"/v1/webhooks/{made}").json()["url"] == "https://example.com/other"


@contextmanager
def overtaken(house: House, monkeypatch: pytest.MonkeyPatch, other: Callable[[], object]) -> Iterator[None]:
    """Somebody else's change comes between the next reading of the endpoint and its writing."""
    seal = house.app.seals.seal_json

    def seal_later(*arguments: Any) -> bytes:
        monkeypatch.setattr(house.app.seals, "seal_json", seal)
        other()
        return seal(*arguments)

    monkeypatch.setattr(house.app.seals, "seal_json", seal_later)
    yield


def test_two_secrets_sign_until_the_rotation_is_finished(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = client.post("/v1/webhooks", {"url": receiver.url}).json()
    first = made["secret"]
    answer = client.post(f"/v1/webhooks/{made['id']}/rotate-secret")
    second = answer.json()["secret"]
    assert second != first
    assert answer.json()["rotating_until"] == rfc3339(house.clock.now() + ROTATION_SECONDS * 1000)
    post_one(house, session)
    assert signs_with(receiver, first, second) == {first, second}
    assert client.post(f"/v1/webhooks/{made['id']}/test").json()["delivered"]
    assert signs_with(receiver, first, second) == {first, second}
    assert client.post(f"/v1/webhooks/{made['id']}/rotate-secret").code == "rotation_in_progress"
    assert patch(client, made["id"], url=f"{receiver.url}?new").status == 200
    post_one(house, session)
    assert signs_with(receiver, first, second) == {first, second}
    done = client.post(f"/v1/webhooks/{made['id']}/rotate-secret/finish")
    assert (done.status, done.json()["rotating_until"]) == (200, None)
    assert "secret" not in done.json()
    post_one(house, session)
    assert signs_with(receiver, first, second) == {second}
    assert client.post(f"/v1/webhooks/{made['id']}/rotate-secret/finish").status == 200
    assert client.post(f"/v1/webhooks/{made['id']}/rotate-secret").status == 200


def test_an_old_secret_dies_after_a_day_by_itself(
    house: House, client: ApiClient, session: str, receiver: Receiver
) -> None:
    made = client.post("/v1/webhooks", {"url": receiver.url}).json()
    second = client.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()["secret"]
    house.clock.pass_time(ROTATION_SECONDS)
    post_one(house, session)
    assert signs_with(receiver, made["secret"], second) == {second}
    assert client.get(f"/v1/webhooks/{made['id']}").json()["rotating_until"] is None
    assert client.post(f"/v1/webhooks/{made['id']}/rotate-secret").status == 200


def test_a_repeated_rotation_gives_the_same_secret_although_the_answer_was_lost(
    house: House, client: ApiClient, session: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook(client, receiver)
    finish = Request.finish

    def lost(self: Request, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the answer is lost")

    monkeypatch.setattr(Request, "finish", lost)
    assert client.post(f"/v1/webhooks/{made}/rotate-secret", key="one").status == 500
    monkeypatch.setattr(Request, "finish", finish)
    again = client.post(f"/v1/webhooks/{made}/rotate-secret", key="one")
    assert again.status == 200
    house.append(session)
    house.drain("webhooks")
    assert signs_with(receiver, again.json()["secret"]) == {again.json()["secret"]}
    assert client.post(f"/v1/webhooks/{made}/rotate-secret", key="another").code == "rotation_in_progress"


def post_one(house: House, session: str) -> None:
    house.append(session)
    house.drain("webhooks")


def signs_with(receiver: Receiver, *secrets: str) -> set[str]:
    """Which of the secrets verify the latest post."""
    post, found = receiver.posts[-1], set()
    for secret in secrets:
        try:
            Webhook(secret).verify(post.body, post.headers)
        except WebhookVerificationError:
            continue
        found.add(secret)
    return found
