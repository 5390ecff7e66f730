"""What a session's browser shows of itself, and its way out, over the API (R-SAFE-3, decision 15)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api_client import ApiClient, app_fixture, client_fixture, house, logged_fixture, set_status
from waypost.bootstrap import App
from waypost.entities.session import get_session, session_key
from waypost.services.egress import open_proxy

__all__ = ["app_fixture", "client_fixture", "logged_fixture"]

SECRET = "hunter2-is-not-enough"
PROXY = {"server": "http://proxy.example:3128", "username": "tenant-7", "password": SECRET}


def test_a_proxy_is_kept_sealed_and_its_password_is_never_shown(client: ApiClient, app: App, logged: Any) -> None:
    made = client.post("/v1/sessions", {"name": "x", "identity": {"proxy": PROXY}})
    assert made.status == 201, made.body
    session_id = made.json()["id"]
    assert made.json()["identity"] == {"proxy": {"server": "http://proxy.example:3128", "has_credentials": True}}
    shown = client.get(f"/v1/sessions/{session_id}")
    listed = client.get("/v1/sessions")
    item = repr(app.engine.main.get(session_key(session_id)))
    for said in (made.body, shown.body, listed.body, item.encode(), logged.getvalue().encode()):
        assert SECRET.encode() not in said
        assert b"tenant-7" not in said
    session = get_session(app.table, session_id)
    assert session is not None
    proxy = open_proxy(session, app.seals)
    assert proxy is not None
    assert (proxy.username, proxy.password) == ("tenant-7", SECRET)
    assert SECRET not in repr(proxy)


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": "ftp://proxy.example:21"},
        {"server": "proxy.example:3128"},
        {"server": f"http://me:{SECRET}@proxy.example:3128"},
        {"server": "http://proxy.example:3128/path"},
        {"server": "http://proxy.example:99999"},
        {"server": "http://proxy.example:0"},
        {"server": "http://"},
        {"server": "http://proxy example:1"},
        {"server": "http://proxy.example:3128", "username": "only"},
        {"server": "http://proxy.example:3128", "username": "a:b", "password": SECRET},
        {"server": "socks5://proxy.example:1080", "username": "x" * 256, "password": SECRET},
    ],
)
def test_a_proxy_that_cannot_be_is_refused_and_not_repeated(client: ApiClient, wrong: dict[str, str]) -> None:
    answer = client.post("/v1/sessions", {"name": "x", "identity": {"proxy": wrong}})
    assert answer.status == 422
    assert answer.json()["mend"] or answer.json()["errors"]
    assert SECRET.encode() not in answer.body
    assert client.get("/v1/sessions").json()["sessions"] == []


def test_a_change_is_told_keeps_the_rest_and_can_take_back(client: ApiClient) -> None:
    identity = {"locale": "de-DE", "timezone": "Europe/Berlin"}
    session = client.post("/v1/sessions", {"name": "old", "identity": identity, "metadata": {"a": "b"}}).json()["id"]
    set_status(session, "working", me=client._me(session), browser="156.0.8078.79")
    path = f"/v1/sessions/{session}"
    changed = client.call("PATCH", path, body={"identity": {"timezone": "Europe/Paris", "proxy": PROXY}}).json()
    assert changed["identity"] == {
        "locale": "de-DE", "timezone": "Europe/Paris", "browser": "156.0.8078.79",
        "proxy": {"server": PROXY["server"], "has_credentials": True},
    }  # fmt: skip
    assert (changed["name"], changed["metadata"]) == ("old", {"a": "b"})
    changed = client.call("PATCH", path, body={"name": "new", "identity": {"proxy": None, "locale": None}}).json()
    assert changed["identity"] == {"timezone": "Europe/Paris", "browser": "156.0.8078.79"}
    assert changed["name"] == "new"
    assert client.call("PATCH", path, body={"identity": {"timezone": "Europe/Paris"}}).status == 200
    assert client.call("PATCH", path, body={}).json() == changed
    events = client.get("/v1/events", query={"session_id": session}).json()["events"]
    assert [event["data"]["identity_changed"]["fields"] for event in events] == [
        ["timezone", "proxy"],
        ["locale", "proxy"],
    ]
    assert {event["data"]["identity_changed"]["in_force"] for event in events} == {"at_next_launch"}
    assert SECRET not in repr(events)


@pytest.fixture(name="strict")
def strict_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("WAYPOST_REQUIRE_PROXY", "1")
    with house(tmp_path / "home") as app:
        yield app


def test_where_it_is_asked_for_no_session_runs_without_a_proxy(strict: App) -> None:
    client = ApiClient()
    refused = client.post("/v1/sessions", {"name": "x"})
    assert (refused.status, refused.code, refused.json()["field"]) == (422, "proxy_required", "identity.proxy")
    later = client.post("/v1/sessions", {"name": "x", "start": False}).json()["id"]
    assert client.post(f"/v1/sessions/{later}/start").code == "proxy_required"
    assert client.post(f"/v1/sessions/{later}/link").code == "proxy_required"
    assert client.call("PATCH", f"/v1/sessions/{later}", body={"identity": {"proxy": PROXY}}).status == 200
    assert client.post(f"/v1/sessions/{later}/start").status == 202
    taken_away = client.call("PATCH", f"/v1/sessions/{later}", body={"identity": {"proxy": None}})
    assert taken_away.code == "proxy_required"
    assert client.post("/v1/sessions", {"name": "y", "identity": {"proxy": PROXY}}).status == 201
    assert strict.settings.require_proxy
