"""Asking a session's owner over the API: the outcome, a failure in words, or a command to look at later."""

from typing import Any

import pytest

from api import asking
from containers.worker.errands import REPEATABLE
from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture, set_status
from tests.integration.fake_owner import failing, owner_of
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.services.commands import finish, take_up

__all__ = ["app_fixture", "client_fixture"]

NOBODY = make_id("cmd", bytes(16))


@pytest.fixture(name="impatient")
def impatient_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WAIT_SECONDS", 0.05)


def read_path(client: ApiClient, session: str) -> str:
    contact = client.send(session).json()["chat"]["contact_id"]
    return f"/v1/sessions/{session}/chats/{contact}/read"


def test_a_command_that_is_done_in_time_is_answered_at_once(client: ApiClient, app: App) -> None:
    session = client.session()
    path = read_path(client, session)
    with owner_of(app, session, mark_read=lambda _: {}) as owner:
        answer = client.post(path)
    assert (answer.status, answer.json()) == (200, {"done": True})
    [(name, arguments)] = owner.asked
    assert (name, arguments["chat"]) == ("mark_read", f"{GRACE}@c.us")


def test_one_that_takes_longer_is_answered_with_its_id_and_found_by_it(
    client: ApiClient, app: App, impatient: None
) -> None:
    session = client.session()
    answer = client.post(read_path(client, session))
    assert (answer.status, answer.json()["state"]) == (202, "waiting")
    place = answer.headers["location"]
    assert place == f"/v1/sessions/{session}/commands/{answer.json()['command_id']}"
    waiting = client.get(place).json()
    assert (waiting["name"], waiting["state"], waiting["result"], waiting["error"]) == (
        "mark_read",
        "waiting",
        None,
        None,
    )
    with owner_of(app, session, mark_read=lambda _: {"seen": 1}) as owner:
        while not owner.asked or client.get(place).json()["state"] != "done":
            pass
    assert client.get(place).json()["result"] == {"seen": 1}


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("timeout", 504, "command_timeout"),
        ("page_timeout", 504, "command_timeout"),
        ("page_gone", 502, "page_gone"),
        ("not_group_admin", 409, "not_group_admin"),
        ("not_on_whatsapp", 422, "not_on_whatsapp"),
    ],
)
def test_a_failure_is_a_problem_of_whatsapps(client: ApiClient, app: App, code: str, status: int, told: str) -> None:
    session = client.session()
    path = read_path(client, session)
    with owner_of(app, session, mark_read=failing(code)):
        answer = client.post(path)
    assert (answer.status, answer.code, answer.json()["category"]) == (status, told, "whatsapp_api")
    assert answer.json()["mend"]


def test_a_repeat_finds_its_command_but_asks_anew_for_one_that_failed(client: ApiClient, app: App) -> None:
    session = client.session()
    path = read_path(client, session)
    with owner_of(app, session, mark_read=failing("page_gone")):
        assert client.post(path, key="k").status == 502
    with owner_of(app, session, mark_read=lambda _: {}) as owner:
        assert client.post(path, key="k").status == 200
        assert client.post(path, key="k").headers["idempotency-replayed"] == "true"
    assert len(owner.asked) == 1


def test_what_an_owner_died_of_is_uncertain_and_stays_so(client: ApiClient, app: App, impatient: None) -> None:
    session = client.session()
    body = {"subject": "Team", "participants": [GRACE]}
    assert client.post(f"/v1/sessions/{session}/groups", body, key="k").status == 202
    other = client.post(f"/v1/sessions/{session}/groups", body).json()["command_id"]
    first, second = [c for c in take_up(session, epoch=1, repeatable=lambda _: True, table=app.table) if c.arguments]
    finish(first, "done", result={}, table=app.table, seals=app.seals)
    left = take_up(session, epoch=2, repeatable=REPEATABLE.__contains__, table=app.table)
    assert [command for command in left if command.arguments] == []
    found = client.get(f"/v1/sessions/{session}/commands/{other}").json()
    assert (second.id, found["state"], found["error"], found["result"]) == (other, "uncertain", "owner_lost", None)


@pytest.mark.parametrize("status", ["unlinked", "stopped"])
def test_a_session_that_does_not_run_is_409(client: ApiClient, app: App, status: str) -> None:
    session = client.session(linked=status != "unlinked")
    contact = ""
    if status == "stopped":
        contact = client.send(session).json()["chat"]["contact_id"]
        client.post(f"/v1/sessions/{session}/stop")
    asked: list[tuple[str, Any]] = [
        ("groups", {"subject": "Team", "participants": [GRACE]}),
        ("contacts/check", {"chat": GRACE}),
    ]
    if contact:
        asked.append((f"chats/{contact}/read", None))
    for path, body in asked:
        answer = client.post(f"/v1/sessions/{session}/{path}", body)
        assert (answer.status, answer.code) == (
            409,
            "session_not_linked" if status == "unlinked" else "session_stopped",
        )


def test_a_command_of_another_session_or_of_nobody_is_not_there(client: ApiClient, app: App, impatient: None) -> None:
    session, other = client.session(), client.session()
    command = client.post(read_path(client, session)).json()["command_id"]
    stranger = ApiClient()
    for asker, asked, of in (
        (client, command, other),
        (client, NOBODY, session),
        (client, GRACE, session),
        (stranger, command, session),
        (stranger, command, stranger.session()),
    ):
        answer = asker.get(f"/v1/sessions/{of}/commands/{asked}")
        assert answer.status == 404, (asked, of)


def test_a_pairing_code_is_made_while_there_is_something_to_link(client: ApiClient, app: App) -> None:
    session = client.session(linked=False)
    path = f"/v1/sessions/{session}/pairing-code"
    assert client.post(path, {"phone": GRACE}).code == "pairing_not_available"
    set_status(session, "scan_qr")
    with owner_of(app, session, pairing_code=lambda _: {"code": "ABCD-EFGH", "expires_ms": 1000}) as owner:
        answer = client.post(path, {"phone": f"+{GRACE}"})
        assert (answer.status, answer.json()) == (200, {"code": "ABCD-EFGH", "expires_at": "1970-01-01T00:00:01.000Z"})
        assert client.post(path, {"phone": "12345@lid"}).code == "not_a_number"
    assert owner.asked == [("pairing_code", {"phone": GRACE})]
