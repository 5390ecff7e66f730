"""Messages and events over the API."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture, logged_fixture, set_status
from waypost.bootstrap import App
from waypost.domain.ids import make_id, whatsapp_hex
from waypost.domain.message import Message
from waypost.entities.message import attempt_writes, get_message, new_message_write

__all__ = ["app_fixture", "client_fixture", "logged_fixture"]

BODY = "the quick brown fox 7f3a"


def test_a_text_is_accepted_and_queued(client: ApiClient, app: App) -> None:
    session = client.session()
    answer = client.send(session, text=BODY)
    message = answer.json()
    assert answer.status == 202
    assert message["chat"] == {
        "id": f"{GRACE}@c.us",
        "contact_id": message["chat"]["contact_id"],
        "pn": f"{GRACE}@c.us",
        "lid": None,
        "name": None,
    }
    expected: dict[str, object] = {
        "session_id": session,
        "direction": "out",
        "type": "text",
        "text": BODY,
        "status": "accepted",
        "reason": None,
        "lane": "interactive",
        "source": "api",
        "reply_to": None,
        "whatsapp_id": whatsapp_hex(message["id"]),
        "attempts": 0,
        "backfilled": False,
        "author": None,
        "mentions": [],
        "reactions": [],
        "edited_at": None,
        "revoked_at": None,
    }
    assert expected.items() <= message.items()
    assert message["times"] == {"accepted": message["created_at"]}
    queued = [json.loads(got.body) for got in app.engine.queues.queue(f"interactive-{session}").receive()]
    assert {"message": message["id"]} in queued
    assert message.pop("estimated_send_at") == message.pop("estimate")["at"]
    assert client.get(f"/v1/sessions/{session}/messages/{message['id']}").json() == message


@pytest.mark.parametrize("to", [f"+{GRACE}", GRACE, f"{GRACE}@c.us", f"{GRACE}@s.whatsapp.net", "+49 (151) 12345-602"])
def test_every_form_of_a_number_means_the_same_chat(client: ApiClient, to: str) -> None:
    session = client.session()
    first = client.send(session).json()["chat"]["contact_id"]
    assert client.send(session, to).json()["chat"]["contact_id"] == first


def test_a_reply_names_a_message_of_the_same_chat(client: ApiClient) -> None:
    session = client.session()
    first = client.send(session).json()["id"]
    assert client.send(session, reply_to=first).json()["reply_to"] == first
    for wrong, to in (
        (first, "+4915112345699"),
        ("msg_nothing", f"+{GRACE}"),
        (make_id("msg", bytes(16)), f"+{GRACE}"),
    ):
        answer = client.send(session, to, reply_to=wrong)
        assert (answer.status, answer.code) == (422, "reply_to_not_found")


def test_the_bulk_lane_is_another_queue(client: ApiClient, app: App) -> None:
    session = client.session()
    assert client.send(session, lane="bulk").json()["lane"] == "bulk"
    assert app.engine.queues.queue(f"bulk-{session}").depth() == 1


def test_a_chat_is_listed_in_pages_either_way(client: ApiClient) -> None:
    session = client.session()
    sent = [client.send(session, text=f"text {number}").json()["id"] for number in range(5)]
    client.send(session, "+4915112345699", "somebody else's")
    contact = client.get(f"/v1/sessions/{session}/messages/{sent[0]}").json()["chat"]["contact_id"]
    for order in ("asc", "desc"):
        for chat in (contact, GRACE, f"{GRACE}@c.us", f" {GRACE}"):
            listed, cursor = [], ""
            while cursor is not None:
                query = {"chat": chat, "limit": "2", "order": order} | ({"cursor": cursor} if cursor else {})
                page = client.get(f"/v1/sessions/{session}/messages", query=query).json()
                listed += page["messages"]
                cursor = page["next_cursor"]
            times = [message["created_at"] for message in listed]
            assert sorted(message["id"] for message in listed) == sorted(sent)
            assert times == sorted(times, reverse=order == "desc")


def test_a_chat_that_nobody_wrote_in_is_empty(client: ApiClient) -> None:
    answer = client.get(f"/v1/sessions/{client.session()}/messages", query={"chat": "+4915112345655"})
    assert (answer.status, answer.json()) == (200, {"messages": [], "next_cursor": None})


def test_what_came_in_shows_the_name_whatsapp_gave_it(client: ApiClient, app: App) -> None:
    session = client.session()
    contact = client.send(session).json()["chat"]["contact_id"]
    message_id = make_id("msg", bytes(range(16)))
    content = app.seals.seal_json(client.tenant, contact, f"message#{message_id}", {"text": "hi", "hex": "3EB0AA"})
    message = Message(
        message_id, client.tenant, session, contact, "in", "received", app.now_ms(), content, source="page"
    )
    app.table.transact([new_message_write(message)])
    shown = client.get(f"/v1/sessions/{session}/messages/{message_id}").json()
    assert (shown["direction"], shown["status"], shown["whatsapp_id"]) == ("in", "received", "3EB0AA")


def test_a_message_is_cancelled_once_and_says_so_in_the_log(client: ApiClient) -> None:
    session = client.session()
    message = client.send(session).json()
    path = f"/v1/sessions/{session}/messages/{message['id']}"
    for _ in range(2):
        answer = client.post(f"{path}/cancel")
        assert (answer.status, answer.json()["status"]) == (200, "cancelled")
    events = client.get("/v1/events", query={"session_id": session}).json()["events"]
    assert [(event["type"], event["subject"], event["data"]["status"]) for event in events] == [
        ("message_status_update", message["id"], "cancelled")
    ]


def test_a_message_that_is_on_its_way_cannot_be_cancelled(client: ApiClient, app: App) -> None:
    session = client.session()
    message = get_message(app.table, client.send(session).json()["id"])
    assert message is not None
    app.table.transact(attempt_writes(message, whatsapp_hex(message.id), app.now_ms()))
    answer = client.post(f"/v1/sessions/{session}/messages/{message.id}/cancel")
    assert (answer.status, answer.code) == (409, "message_not_cancellable")


def test_events_are_read_after_a_number(client: ApiClient) -> None:
    session = client.session()
    for _ in range(5):
        client.post(f"/v1/sessions/{session}/messages/{client.send(session).json()['id']}/cancel")
    query = {"session_id": session, "limit": "2"}
    first = client.get("/v1/events", query=query).json()
    assert ([event["sequence"] for event in first["events"]], first["next_after"], first["generation"]) == (
        [1, 2],
        2,
        1,
    )
    assert first["events"][0]["specversion"] == "1.0"
    rest = client.get("/v1/events", query=query | {"after": "2", "limit": "100"}).json()
    assert [event["sequence"] for event in rest["events"]] == [3, 4, 5]
    none = client.get("/v1/events", query=query | {"after": "5"}).json()
    assert (none["events"], none["next_after"]) == ([], 5)
    assert client.get("/v1/events", query=query | {"generation": "2"}).json()["events"] == []


def test_many_senders_at_once_number_a_chat_without_gaps(client: ApiClient, app: App) -> None:
    session = client.session()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.send(session, text=f"text {number}"), range(160)))
    assert {answer.status for answer in answers} == {202}
    ids = [answer.json()["id"] for answer in answers]
    messages = [get_message(app.table, message_id) for message_id in ids]
    assert sorted(message.number for message in messages if message) == list(range(1, 161))
    assert len(set(ids)) == 160
    # Each answer belongs to its own request: threads do not see each other's.
    assert [answer.json()["text"] for answer in answers] == [f"text {number}" for number in range(160)]


def test_neither_text_nor_number_lies_on_the_disk_or_in_the_log(
    client: ApiClient, tmp_path: Path, logged: io.StringIO
) -> None:
    session = client.session()
    message = client.send(session, text=BODY, key="a-key").json()
    client.send(session, text=BODY * 300)
    client.send(session, "00" + GRACE, BODY)
    client.get(f"/v1/sessions/{session}/messages", query={"chat": GRACE})
    client.get(f"/v1/sessions/{GRACE}")
    client.get(f"/v2/{GRACE}")
    client.post(f"/v1/sessions/{session}/messages", {"to": GRACE, "text": BODY, GRACE: 1})
    client.post(f"/v1/sessions/{session}/messages/{message['id']}/cancel")
    client.post("/v1/webhooks", {"url": "https://example.com/receiver-3391"})
    set_status(session, "working")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "waypost.db" for path in files)
    for path in files:
        for secret in (BODY, GRACE, "receiver-3391", "a-key"):
            assert secret.encode() not in path.read_bytes(), path
    assert len(logged.getvalue().splitlines()) >= 10
    for secret in (BODY, GRACE, "receiver-3391", "a-key"):
        assert secret not in logged.getvalue()
