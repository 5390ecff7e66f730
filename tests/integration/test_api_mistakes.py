"""Every mistake is answered with a stable code, the field and how to mend it, and with nothing of what was sent."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.rest_events import Incoming, proxy_event
from tests.integration.api_client import GRACE, Answer, ApiClient, app_fixture, client_fixture, invoke, logged_fixture
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.errors import Throttled
from waypost.ports import Table

__all__ = ["app_fixture", "client_fixture", "logged_fixture"]

SECRET = "sEcReT-4915199999999"
NOBODY = make_id("ses", bytes(16))


def check(answer: Answer, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status, problem["status"], problem["code"], problem.get("field")) == (status, status, code, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:waypost:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["mend"]
    assert problem["instance"] == answer.headers["x-request-id"] == "request-1"
    assert problem["category"] in {
        "authentication",
        "rate_limit",
        "network",
        "whatsapp_api",
        "validation",
        "business_logic",
    }
    assert SECRET not in answer.body.decode()
    return problem


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"to": GRACE, "text": SECRET + "x" * 4096}, 422, "text_too_long", "text"),
        ({"to": GRACE, "text": ""}, 422, "text_empty", "text"),
        ({"to": GRACE, "text": " \n\t"}, 422, "text_empty", "text"),
        ({"to": SECRET, "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": "", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": "12", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": "0049151", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": f"{GRACE}@example.com", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": f"{GRACE}\n@c.us", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": "4915112345\u0666\u0660\u0662", "text": "x"}, 422, "invalid_chat_id", "to"),
        ({"to": GRACE}, 422, "invalid_request", "text"),
        ({"to": GRACE, "text": 5}, 422, "invalid_request", "text"),
        ({"to": GRACE, "text": None}, 422, "invalid_request", "text"),
        ({"to": GRACE, "text": "x", "lane": SECRET}, 422, "invalid_request", "lane"),
        ({"to": GRACE, "text": "x", "extra": 1}, 422, "invalid_request", "extra"),
        ({"to": GRACE, "text": "x", "reply_to": SECRET * 10}, 422, "invalid_request", "reply_to"),
        ([{"to": GRACE, "text": "x"}], 422, "invalid_request", "body"),
        (b'"text"', 422, "invalid_request", "body"),
        (b"null", 422, "invalid_request", "body"),
        (None, 422, "invalid_request", "body"),
        (b'{"to": "' + SECRET.encode(), 400, "invalid_json", "body"),
        (b'{"to": NaN, "text": "x"}', 400, "invalid_json", "body"),
        (b'{"to": "1", "text": "\\ud800"}', 400, "invalid_json", "body"),
        (b"[" * 100_000, 400, "invalid_json", "body"),
        (b'{"text": "' + b"x" * 256 * 1024 + b'"}', 413, "body_too_large", "body"),
    ],
)
def test_a_wrong_text(client: ApiClient, body: Any, status: int, code: str, field: str) -> None:
    session = client.session()
    check(client.post(f"/v1/sessions/{session}/messages", body), status, code, field)


def test_a_text_of_4096_characters_is_accepted(client: ApiClient) -> None:
    assert client.send(client.session(), text="😀" * 4096).status == 202


def test_every_wrong_field_is_listed(client: ApiClient) -> None:
    wrong = {
        "start": "yes",
        "metadata": {"a": 1, SECRET + "!": []},
        "identity": {"viewport": {"width": 3, "height": "x"}, "proxy": {"password": SECRET}, "locale": SECRET},
        "colour": SECRET,
        SECRET + " " + SECRET: 1,
    }
    problem = check(client.post("/v1/sessions", wrong), 422, "invalid_request", "name")
    found = {error["field"]: (error["code"], error["mend"]) for error in problem["errors"]}
    assert found == {
        "name": ("missing", "Give it."),
        "start": ("wrong_type", "Give true or false."),
        "metadata.a": ("wrong_type", "Give text."),
        "metadata.(unnamed)": ("wrong_type", "Give text."),
        "identity.viewport.width": ("too_small", "Give at least 320."),
        "identity.viewport.height": ("wrong_type", "Give a whole number."),
        "identity.proxy.server": ("missing", "Give it."),
        "identity.locale": ("bad_format", "See the field in /openapi.json."),
        "colour": ("unknown_field", "Leave it out, or check its spelling."),
        "(unnamed)": ("unknown_field", "Leave it out, or check its spelling."),
    }
    assert all(error["message"] for error in problem["errors"])


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 101])
def test_a_wrong_name(client: ApiClient, name: str) -> None:
    check(client.post("/v1/sessions", {"name": name}), 422, "invalid_request", "name")


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({}, "invalid_request", "session_id"),
        ({"session_id": NOBODY, "after": SECRET}, "invalid_request", "after"),
        ({"session_id": NOBODY, "after": "-1"}, "invalid_request", "after"),
        ({"session_id": NOBODY, "limit": "0"}, "invalid_request", "limit"),
        ({"session_id": NOBODY, "limit": "501"}, "invalid_request", "limit"),
        ({"session_id": NOBODY, "generation": "0"}, "invalid_request", "generation"),
    ],
)
def test_wrong_questions_for_events(client: ApiClient, query: dict[str, str], code: str, field: str) -> None:
    check(client.get("/v1/events", query=query), 422, code, field)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({}, "invalid_request", "chat"),
        ({"chat": SECRET}, "invalid_chat_id", "chat"),
        ({"chat": GRACE, "order": SECRET}, "invalid_request", "order"),
        ({"chat": GRACE, "cursor": SECRET}, "invalid_cursor", "cursor"),
    ],
)
def test_wrong_questions_for_messages(client: ApiClient, query: dict[str, str], code: str, field: str) -> None:
    session = client.session()
    client.send(session)
    check(client.get(f"/v1/sessions/{session}/messages", query=query), 422, code, field)


@pytest.mark.parametrize("session", [NOBODY, SECRET, "x" * 3000, "ses_", f"{NOBODY} ", "%00"])
def test_an_unknown_session(client: ApiClient, session: str) -> None:
    check(client.get(f"/v1/sessions/{session}"), 404, "session_not_found", "session_id")
    check(
        client.post(f"/v1/sessions/{session}/messages", {"to": GRACE, "text": "x"}),
        404,
        "session_not_found",
        "session_id",
    )


def test_a_session_that_is_not_linked_or_not_running(client: ApiClient) -> None:
    check(client.send(client.session(linked=False)), 409, "session_not_linked", "session_id")
    stopped = client.session()
    client.post(f"/v1/sessions/{stopped}/stop")
    check(client.send(stopped), 409, "session_stopped")


def test_unknown_addresses_and_methods(client: ApiClient) -> None:
    check(client.get(f"/v1/{SECRET}"), 404, "route_not_found")
    check(client.post(f"/v1/{SECRET}", {"a": 1}), 404, "route_not_found")
    answer = client.call("PATCH", "/v1/sessions", body={"a": 1})
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_another_content_type(client: ApiClient, content_type: str) -> None:
    headers = {"content-type": content_type}
    answer = client.call("POST", "/v1/sessions", body=b'{"name": "x"}', headers=headers)
    check(answer, 415, "unsupported_media_type", "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", ""])
def test_every_way_to_say_json(client: ApiClient, content_type: str) -> None:
    headers = {"content-type": content_type}
    assert client.call("POST", "/v1/sessions", body=b'{"name": "x"}', headers=headers).status == 201


def raw_event(body: str, *, base64_encoded: bool) -> dict[str, Any]:
    incoming = Incoming("POST", "/v1/sessions", (), (("content-type", "application/json"),), b"", "", "request-1")
    event = proxy_event(incoming, {"tenant": make_id("ten", bytes(16)), "keyId": "key_test"})
    return event | {"body": body, "isBase64Encoded": base64_encoded}


def test_a_body_in_base64(app: App) -> None:
    body = json.dumps({"name": "Grüße"}).encode()
    assert invoke(raw_event(base64.b64encode(body).decode(), base64_encoded=True)).status == 201
    for broken in ("not base64!", base64.b64encode(b'{"name": "\xff"}').decode()):
        check(invoke(raw_event(broken, base64_encoded=True)), 400, "invalid_json", "body")


def test_no_caller_is_401(app: App) -> None:
    incoming = Incoming("GET", "/v1/sessions", (), (), b"", "", "request-1")
    answer = invoke(proxy_event(incoming, None))
    check(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("url", ["ftp://example.com/", SECRET, "https://", "https://u:p@example.com/", "https://[::1"])
def test_a_wrong_webhook_target(client: ApiClient, url: str) -> None:
    check(client.post("/v1/webhooks", {"url": url}), 422, "webhook_target_refused", "url")


def test_a_wrong_webhook(client: ApiClient) -> None:
    url = "https://example.com/"
    check(client.post("/v1/webhooks", {"url": url, "events": [SECRET]}), 422, "invalid_request", "events.0")
    check(client.post("/v1/webhooks", {"url": url, "events": []}), 422, "invalid_request", "events")
    check(client.post("/v1/webhooks", {"url": url, "session_id": NOBODY}), 404, "session_not_found", "session_id")
    check(client.delete(f"/v1/webhooks/{make_id('whk', bytes(16))}"), 404, "webhook_not_found", "webhook_id")


@pytest.mark.parametrize("place", [[[], {}, None], ["\ud800", "b", "c"], [2**70, "b", "c"], [True, 1.5, "c"], []])
def test_a_cursor_that_somebody_made_up(client: ApiClient, place: list[Any]) -> None:
    made_up = json.dumps(["by_owner", f"{client.tenant}#sessions", *place])
    cursor = base64.urlsafe_b64encode(made_up.encode()).decode()
    check(client.get("/v1/sessions", query={"cursor": cursor}), 422, "invalid_cursor", "cursor")


class Broken:
    """A table that always fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*args: Any, **kwargs: Any) -> None:
            raise self._error

        return fail


def break_table(monkeypatch: pytest.MonkeyPatch, app: App, error: Exception) -> None:
    tables: dict[str, Table] = {**app.engine.tables, "main": Broken(error)}
    monkeypatch.setattr(type(app.engine), "main", property(lambda self: tables["main"]))


def test_storage_that_asks_for_patience(client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    break_table(monkeypatch, app, Throttled(f"table main of {SECRET}"))
    for answer in (client.get("/v1/sessions"), client.get("/v1/health"), client.post("/v1/sessions", {"name": "x"})):
        assert check(answer, 503, "unavailable")["category"] == "network"
        assert answer.headers["retry-after"] == "1"


def test_a_mistake_of_ours_tells_the_request_id_and_nothing_else(
    client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    break_table(monkeypatch, app, RuntimeError(SECRET))
    check(client.post("/v1/sessions", {"name": SECRET}), 500, "internal")
    check(client.get("/v1/sessions"), 500, "internal")
    failures = [line for line in map(json.loads, logged.getvalue().splitlines()) if line["message"] == "failed"]
    assert [(line["error"], line["request_id"]) for line in failures] == [("RuntimeError", "request-1")] * 2
    assert "test_api_mistakes.py" in failures[0]["places"][-1]
    assert SECRET not in logged.getvalue()
