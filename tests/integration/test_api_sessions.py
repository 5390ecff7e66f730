"""Sessions and their codes over the API."""

import io
import json
import struct

import pytest

from tests.integration.api_client import ADA, ApiClient, app_fixture, client_fixture, set_status, show_code
from waypost.bootstrap import App
from waypost.entities.command import waiting_commands
from waypost.entities.head import claim, list_running

__all__ = ["app_fixture", "client_fixture"]

CODE = "2@abcdefghijklmnop,qrstuvwxyz,0123456789"


def test_a_session_is_made_and_asks_for_a_browser(client: ApiClient, app: App) -> None:
    answer = client.post("/v1/sessions", {"name": "Support", "metadata": {"team": "north"}})
    session = answer.json()
    assert answer.status == 201
    assert (session["name"], session["status"], session["linked"], session["me"]) == ("Support", "stopped", False, None)
    assert session["multi_device"] is True
    assert session["metadata"] == {"team": "north"}
    assert session["created_at"].endswith("Z")
    assert len(session["created_at"]) == len("2026-11-22T12:00:00.000Z")
    assert [head.session for head in list_running(app.table)] == [session["id"]]
    assert json.loads(app.engine.queues.queue("claims").receive()[0].body) == {"session": session["id"]}


def test_a_session_may_be_made_without_a_start(client: ApiClient, app: App) -> None:
    client.post("/v1/sessions", {"name": "Later", "start": False})
    assert list_running(app.table) == []
    assert app.engine.queues.queue("claims").depth() == 0


def test_identity_is_kept(client: ApiClient) -> None:
    identity = {"locale": "de-DE", "timezone": "Europe/Berlin", "viewport": {"width": 1280, "height": 800}}
    made = client.post("/v1/sessions", {"name": "x", "identity": identity}).json()
    assert made["identity"] == identity
    assert client.get(f"/v1/sessions/{made['id']}").json()["identity"] == identity


def test_a_linked_session_says_whose_it_is(client: ApiClient) -> None:
    session = client.get(f"/v1/sessions/{client.session()}").json()
    assert session["linked"] is True
    assert session["me"] == {"id": f"{ADA}@c.us", "pn": f"{ADA}@c.us", "lid": "123456789012345@lid", "name": "Ada"}


def test_sessions_are_listed_in_pages_oldest_first(client: ApiClient) -> None:
    made = [client.post("/v1/sessions", {"name": f"s{number}", "start": False}).json()["id"] for number in range(5)]
    listed, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/sessions", query=query).json()
        listed += [session["id"] for session in page["sessions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(listed) == sorted(made)
    assert len(listed) == 5


def test_stop_start_logout_and_delete(client: ApiClient, app: App) -> None:
    session = client.session()
    head = claim(app.table, session, "wrk_1", app.now_ms(), app.now_ms() + 30_000)
    assert head.epoch == 1
    for verb in ("stop", "start", "logout"):
        answer = client.post(f"/v1/sessions/{session}/{verb}")
        assert (answer.status, answer.json()["id"]) == (202, session)
    assert [command.name for command in waiting_commands(app.table, session)] == ["start", "stop", "start", "logout"]
    assert client.delete(f"/v1/sessions/{session}").status == 204
    assert client.get(f"/v1/sessions/{session}").code == "session_not_found"
    assert client.get("/v1/sessions").json()["sessions"] == []


def test_stopping_a_session_that_nobody_owns_says_so_in_its_log(client: ApiClient) -> None:
    session = client.session()
    assert client.post(f"/v1/sessions/{session}/stop").json()["status"] == "stopped"
    events = client.get("/v1/events", query={"session_id": session}).json()
    assert [(event["type"], event["data"]["status"]) for event in events["events"]] == [("session_status", "stopped")]


def test_logging_out_needs_a_running_session(client: ApiClient) -> None:
    answer = client.post(f"/v1/sessions/{client.session()}/logout")
    assert (answer.status, answer.code) == (409, "session_not_running")


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", "image/png"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/png"),
        ("image/svg+xml", "image/svg+xml"),
        ("application/json", "application/json"),
        ("image/png;q=0.1, application/json", "application/json"),
    ],
)
def test_a_code_comes_in_the_type_that_is_accepted(client: ApiClient, accept: str | None, given: str) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE, sequence=3)
    answer = client.get(f"/v1/sessions/{session}/qr", headers={"accept": accept} if accept else {})
    assert (answer.status, answer.headers["content-type"]) == (200, given)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-qr-sequence"] == "3"
    assert answer.headers["x-qr-expires-at"].endswith("Z")
    if given == "application/json":
        assert answer.json() == {
            "code": CODE,
            "attempt": 1,
            "sequence": 3,
            "expires_at": answer.headers["x-qr-expires-at"],
        }
    elif given == "image/png":
        assert answer.body.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", answer.body[16:24])
        assert width == height > 200
    else:
        assert b"<svg" in io.BytesIO(answer.body).read()


def test_no_type_that_can_be_given_is_406(client: ApiClient) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE)
    answer = client.get(f"/v1/sessions/{session}/qr", headers={"accept": "text/plain, image/png;q=0"})
    assert (answer.status, answer.code) == (406, "not_acceptable")
    assert "image/png" in answer.json()["mend"]


def test_a_dead_code_is_never_served(client: ApiClient) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE, seconds=-0.001)
    answer = client.get(f"/v1/sessions/{session}/qr")
    assert (answer.status, answer.code) == (409, "qr_not_available")
    assert "ask again" in answer.json()["mend"]
    assert CODE.encode() not in answer.body


@pytest.mark.parametrize("status", ["stopped", "starting", "pairing", "working", "logged_out"])
def test_a_code_that_is_not_on_the_screen_is_never_served(client: ApiClient, status: str) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE)
    set_status(session, status)
    assert client.get(f"/v1/sessions/{session}/qr").code == "qr_not_available"
