"""The same POST twice is done once and answered the same (P2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api_client import GRACE, Answer, ApiClient, app_fixture, client_fixture, set_status
from waypost.bootstrap import App
from waypost.entities import idempotency
from waypost.services.idempotency import Request

__all__ = ["app_fixture", "client_fixture"]

KEY = "0b8f6f3e-5a0c-4a3f-9f0d-0d5a6b7c8d9e"


def messages(client: ApiClient, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/sessions/{session}/messages", query={"chat": GRACE}).json()[
        "messages"
    ]
    return found


def test_a_repeated_request_is_answered_from_the_store(client: ApiClient) -> None:
    session = client.session()
    first = client.send(session, key=KEY)
    set_status(session, "stopped", me=None)  # what would now be refused is still answered as it was
    again = client.send(session, key=KEY)
    assert (again.status, again.body) == (first.status, first.body) == (202, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(messages(client, session)) == 1


def test_the_same_json_written_otherwise_is_the_same_body(client: ApiClient) -> None:
    session, headers = client.session(), {"Idempotency-Key": KEY}
    path = f"/v1/sessions/{session}/messages"
    first = client.call("POST", path, body=b'{"to": "4915112345602", "text": "\\u00e4"}', headers=headers)
    again = client.call("POST", f"{path}/", body='{"text":"ä","to":"4915112345602"}'.encode(), headers=headers)
    assert (first.status, again.body) == (202, first.body)


def test_another_body_is_refused(client: ApiClient) -> None:
    session = client.session()
    client.send(session, text="one", key=KEY)
    answer = client.send(session, text="two", key=KEY)
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(messages(client, session)) == 1


def test_a_key_counts_for_its_route_path_and_tenant_only(client: ApiClient) -> None:
    one, two, other = client.session(), client.session(), ApiClient()
    assert len({client.send(one, key=KEY).json()["id"], client.send(two, key=KEY).json()["id"]}) == 2
    assert client.post("/v1/sessions", {"name": "x"}, key=KEY).status == 201
    assert "idempotency-replayed" not in other.post("/v1/sessions", {"name": "x"}, key=KEY).headers


def test_while_the_first_runs_a_repeat_is_409(client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    session = client.session()
    nested: list[Answer] = []
    made = Request.make_id

    def make_id(self: Request, kind: Any, attempt: int = 0) -> str:
        if not nested:
            nested.append(client.send(session, key=KEY))
        return made(self, kind, attempt)

    monkeypatch.setattr(Request, "make_id", make_id)
    assert client.send(session, key=KEY).status == 202
    assert (nested[0].status, nested[0].code) == (409, "request_in_progress")
    assert nested[0].headers["retry-after"] == "1"


@pytest.mark.parametrize(("path", "body"), [("messages", {"to": GRACE, "text": "hello"}), ("sessions", {"name": "x"})])
def test_a_crash_between_the_deed_and_the_answer_makes_one_thing(
    client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    session = client.session()
    path = f"/v1/sessions/{session}/messages" if path == "messages" else "/v1/sessions"

    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Request, "finish", die)
        with pytest.raises(Killed):
            client.post(path, body, key=KEY)
    assert client.post(path, body, key=KEY).code == "request_in_progress"
    later = app.now_ms() + 31_000
    monkeypatch.setattr(type(app), "now_ms", lambda self: later)
    again = client.post(path, body, key=KEY)
    assert again.status in (201, 202)
    assert "idempotency-replayed" not in again.headers
    assert client.post(path, body, key=KEY).body == again.body
    listed = messages(client, session) if "messages" in path else client.get("/v1/sessions").json()["sessions"]
    assert [thing["id"] for thing in listed].count(again.json()["id"]) == 1
    assert len(listed) == (1 if "messages" in path else 2)


def test_a_crashed_webhook_keeps_its_secret(client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"url": "https://example.com/hook"}
    secrets = []
    finish = Request.finish

    def lost(self: Request, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the answer is lost")

    for ending in (lost, finish):
        monkeypatch.setattr(Request, "finish", ending)
        answer = client.post("/v1/webhooks", body, key=KEY)
        secrets.append(answer.json().get("secret"))
    assert secrets[0] is None  # the process said 500 and freed nothing that was made
    made = client.get("/v1/webhooks").json()["webhooks"]
    assert len(made) == 1
    assert client.post("/v1/webhooks", body, key=KEY).json()["secret"] == secrets[1]


def test_what_a_retry_can_mend_is_not_kept(client: ApiClient) -> None:
    session = client.session(linked=False)
    assert client.send(session, key=KEY).code == "session_not_linked"
    me = client._me(session)
    set_status(session, "working", me=me)
    assert client.send(session, key=KEY).status == 202


def test_a_refusal_that_stays_is_kept(client: ApiClient) -> None:
    session = client.session()
    first = client.send(session, "nobody", key=KEY)
    again = client.send(session, "nobody", key=KEY)
    assert (first.status, again.body) == (422, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


def test_what_never_began_is_not_kept(client: ApiClient) -> None:
    session = client.session()
    path = f"/v1/sessions/{session}/messages"
    assert client.post(path, {"to": GRACE}, key=KEY).code == "invalid_request"
    assert client.post(path, {"to": GRACE, "text": "x"}, key=KEY).status == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
def test_a_wrong_key(client: ApiClient, key: str) -> None:
    answer = client.post("/v1/sessions", {"name": "x"}, key=key)
    assert (answer.status, answer.code) == (422, "idempotency_key_invalid")


def test_every_post_takes_a_key(client: ApiClient, app: App) -> None:
    session = client.session()
    message = client.send(session).json()["id"]
    hook = client.post("/v1/webhooks", {"url": "https://example.com/"}).json()["id"]
    pool = client.post("/v1/pools", {"name": "Support", "sessions": [session]}).json()["id"]
    run = client.post("/v1/bulk", {"session_id": session, "text": "x", "recipients": [{"to": GRACE}]}).json()["id"]
    bodies: dict[str, Any] = {
        "/v1/sessions": {"name": "x"},
        "/v1/sessions/{session_id}/messages": {"to": GRACE, "text": "x"},
        "/v1/contacts/{contact}/consents": {"means": "paper"},
        "/v1/consents/import": {"csv": "chat,means,given_at\n"},
        "/v1/templates": {"name": "greeting", "language": "en", "body": "Hello"},
        "/v1/templates/{name}/{language}/{version}/render": {},
        "/v1/sessions/{session_id}/queue/pause": {},
        "/v1/sessions/{session_id}/queue/resume": {},
        "/v1/bulk": {"session_id": session, "text": "x", "recipients": [{"to": GRACE}]},
        "/v1/media": {"size": 10},
        "/v1/pools": {"name": "Support", "sessions": [session]},
        "/v1/pools/{pool_id}/messages": {"to": GRACE, "text": "x"},
        "/v1/sessions/{session_id}/queue/cancel": {"chat": "+4915100000000"},
        "/v1/webhooks": {"url": "https://example.com/"},
        "/v1/webhooks/{webhook_id}/dead-letters/redeliver": {"all": True},
        "/v1/webhooks/{webhook_id}/redeliver": {"session_id": session, "after": 0},
    }
    template = {"name": "greeting", "language": "en", "version": 1}
    paths = client.get("/openapi.json").json()["paths"]
    posts = [
        path
        for path, operations in paths.items()
        if "post" in operations
        and not path.endswith(("test", "logout"))
        and not path.endswith(("/link", "/complete", "/retry"))
        and "/handover" not in path  # of a session that is not linked: test_api_handover.py
        and "504" not in operations["post"]["responses"]  # what asks an owner: test_api_commands.py
    ]
    posts.sort(key=lambda path: path.endswith(("/stop", "/cancel")))  # after which nothing can be sent
    assert len(posts) >= 10
    for path in posts:
        real = path.format(
            session_id=session,
            message_id=message,
            webhook_id=hook,
            contact=GRACE,
            pool_id=pool,
            bulk_id=run,
            **template,
        )
        first = client.post(real, bodies.get(path), key=KEY)
        again = client.post(real, bodies.get(path), key=KEY)
        assert first.status < 300, path
        assert (again.headers.get("idempotency-replayed"), again.body) == ("true", first.body), path


def test_ten_at_once_make_one_message(client: ApiClient) -> None:
    session = client.session()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.send(session, key=KEY), range(24)))
    assert {answer.status for answer in answers} <= {202, 409}
    assert len({answer.body for answer in answers if answer.status == 202}) == 1
    assert len(messages(client, session)) == 1


def test_the_stored_answer_ends_after_a_day(client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/v1/sessions", {"name": "x"}, key=KEY)
    later = app.now_ms() + (idempotency.KEEP_SECONDS + 2) * 1000
    monkeypatch.setattr(type(app), "now_ms", lambda self: later)
    assert "idempotency-replayed" not in client.post("/v1/sessions", {"name": "x"}, key=KEY).headers
