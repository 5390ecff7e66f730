"""Webhooks over the API, tried out on a real receiver."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from standardwebhooks import Webhook

from tests.integration.api_client import ApiClient, app_fixture, client_fixture
from waypost import bootstrap
from waypost.domain.event import EVENT_TYPES
from waypost.settings import Settings

__all__ = ["app_fixture", "client_fixture"]


class Receiver(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    status: ClassVar[int] = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(name="receiver")
def receiver_fixture() -> Iterator[str]:
    Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_secret_is_shown_once(client: ApiClient) -> None:
    made = client.post("/v1/webhooks", {"url": "https://example.com/a"})
    assert made.status == 201
    assert made.json()["secret"].startswith("whsec_")
    assert (made.json()["events"], made.json()["disabled"]) == (list(EVENT_TYPES), None)
    (listed,) = client.get("/v1/webhooks").json()["webhooks"]
    assert listed == {name: value for name, value in made.json().items() if name != "secret"}


def test_a_webhook_may_ask_for_some_events_of_one_session(client: ApiClient) -> None:
    session = client.session()
    body = {"url": "https://example.com/a", "events": ["message_received", "message_sent"], "session_id": session}
    made = client.post("/v1/webhooks", body).json()
    assert (made["events"], made["session_id"]) == (["message_received", "message_sent"], session)


def test_a_deleted_webhook_is_gone(client: ApiClient) -> None:
    hook = client.post("/v1/webhooks", {"url": "https://example.com/a"}).json()["id"]
    assert client.delete(f"/v1/webhooks/{hook}").status == 204
    assert client.delete(f"/v1/webhooks/{hook}").code == "webhook_not_found"
    assert client.get("/v1/webhooks").json()["webhooks"] == []


def test_a_trial_posts_a_signed_event(client: ApiClient, receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = client.post("/v1/webhooks", {"url": receiver}).json()
    answer = client.post(f"/v1/webhooks/{made['id']}/test")
    assert answer.status == 200
    assert {"delivered": True, "status": 204, "error": None}.items() <= answer.json().items()
    ((headers, body),) = Receiver.got
    assert Webhook(made["secret"]).verify(body.decode(), headers)["type"] == "webhook_test"
    assert headers["webhook-id"] == json.loads(body)["id"]
    monkeypatch.setattr(Receiver, "status", 500)
    trial = client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert (trial["delivered"], trial["status"], trial["error"]) == (False, 500, "webhook_answered_badly")


def test_a_trial_says_that_nobody_is_there(client: ApiClient, receiver: str) -> None:
    hook = client.post("/v1/webhooks", {"url": "http://127.0.0.1:9/"}).json()["id"]
    trial = client.post(f"/v1/webhooks/{hook}/test").json()
    assert (trial["delivered"], trial["status"]) == (False, None)
    assert trial["error"]
    assert trial["milliseconds"] >= 0


def test_a_private_target_is_refused_unless_allowed(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = client.post("/v1/webhooks", {"url": "http://localhost:9/"}).json()["id"]
    strict = bootstrap.join(Settings(), bootstrap.app().engine)
    monkeypatch.setattr(bootstrap, "app", lambda: strict)
    for url in ("http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/"):
        assert client.post("/v1/webhooks", {"url": url}).code == "webhook_target_refused"
    assert client.post(f"/v1/webhooks/{hook}/test").json()["error"] == "webhook_target_refused"
