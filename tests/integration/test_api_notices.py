"""The privacy notice goes with the first message that a person gets, and once (R-PRIV-9)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture
from waypost.bootstrap import App
from waypost.entities.message import step_write
from waypost.entities.schedule import last_waiting_by_chat, waiting_in_chat

__all__ = ["app_fixture", "client_fixture"]

NOTICE = "We keep your number to send you news. example.com/privacy"


def rules(client: ApiClient, mode: str, **more: Any) -> None:
    notices = {"en": NOTICE, "de": "Datenschutz: example.com/de"}
    assert client.call("PUT", "/v1/settings/consent", body={"notice": mode, "notices": notices, **more}).status == 200


def chat(client: ApiClient, session: str, to: str = GRACE) -> list[tuple[str, bool]]:
    """Text and whether it carries the notice, in the order in which they are sent."""
    found = client.get(f"/v1/sessions/{session}/messages", query={"chat": to, "limit": "100"}).json()["messages"]
    return [(one["text"], one["notice"]) for one in found]


def test_without_one_nothing_is_added(client: ApiClient) -> None:
    session = client.session()
    client.send(session)
    assert chat(client, session) == [("hello", False)]


def test_before_the_text_of_the_first_message_in_any_session(client: ApiClient) -> None:
    first, second = client.session(), client.session()
    rules(client, "prefix")
    sent = client.send(first).json()
    assert (sent["text"], sent["notice"]) == (f"{NOTICE}\n\nhello", True)
    assert client.send(first).json()["notice"] is False
    assert client.send(second).json()["text"] == "hello"
    assert client.send(second, "+4915112345603").json()["notice"] is True
    assert client.send(first, "120363000000000000@g.us").json()["text"] == "hello"


def test_as_a_message_of_its_own_before_it_and_a_retry_makes_no_second(client: ApiClient, app: App) -> None:
    session = client.session()
    rules(client, "separate", policy="template_only", sessions={session: "open"})
    sent = client.send(session, key="one").json()
    assert (sent["text"], sent["notice"]) == ("hello", False)
    assert client.send(session, key="one").json() == sent
    client.send(session, text="again")
    contact = sent["chat"]["contact_id"]
    waiting = waiting_in_chat(app.table, session, contact, "interactive", up_to=99)
    assert [one.number for one in waiting] == [1, 2, 3]
    assert waiting[1].message == sent["id"]
    first = client.get(f"/v1/sessions/{session}/messages/{waiting[0].message}").json()
    assert (first["text"], first["notice"]) == (NOTICE, True)
    assert last_waiting_by_chat(app.table, session, "interactive") == {contact: 3}


def test_where_there_is_no_room_before_the_text_it_goes_by_itself(client: ApiClient) -> None:
    session = client.session()
    rules(client, "prefix")
    client.send(session, text="x" * 4096)
    assert sorted(chat(client, session)) == sorted([(NOTICE, True), ("x" * 4096, False)])


def test_one_that_never_arrived_counts_as_none(client: ApiClient, app: App) -> None:
    session = client.session()
    rules(client, "prefix")
    for ending in ("cancel", "fail"):
        sent = client.send(session).json()
        assert sent["notice"] is True
        if ending == "cancel":
            client.post(f"/v1/sessions/{session}/messages/{sent['id']}/cancel")
        else:
            app.table.transact([step_write(sent["id"], "accepted", "failed", {"failed": app.now_ms()})])
    assert client.send(session).json()["notice"] is True
    assert client.send(session).json()["notice"] is False


def test_of_many_at_once_one_carries_it(client: ApiClient) -> None:
    for mode in ("prefix", "separate"):
        session = client.session()
        to = "4915112345610" if mode == "prefix" else "4915112345611"
        rules(client, mode)
        with ThreadPoolExecutor(8) as pool:
            sent = list(pool.map(lambda number: client.send(session, to, f"text {number}"), range(16)))  # noqa: B023  # used up within the turn
        assert {answer.status for answer in sent} == {202}
        messages = chat(client, session, to)
        assert sum(notice for _, notice in messages) == 1
        assert len(messages) == (16 if mode == "prefix" else 17)


@pytest.mark.parametrize(("language", "expected"), [("de-AT", "Datenschutz"), ("fr", "We keep")])
def test_in_the_language_of_the_template_or_the_tenants(client: ApiClient, language: str, expected: str) -> None:
    session = client.session()
    rules(client, "prefix")
    client.post("/v1/templates", {"name": "hi", "language": language, "body": "Hallo"})
    client.post(f"/v1/templates/hi/{language}/1/approve")
    sent = client.post(
        f"/v1/sessions/{session}/messages", {"to": GRACE, "template": {"name": "hi", "language": language}}
    )
    assert sent.json()["text"].startswith(expected)
