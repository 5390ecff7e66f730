"""Editing, revoking and reacting over the API, and naming people in a text."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture
from tests.integration.fake_owner import owner_of
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.entities.head import get_head
from waypost.entities.message import get_message, new_message_write, step_write
from waypost.services.changes import Changes
from waypost.services.journal import Entry, append

__all__ = ["app_fixture", "client_fixture"]


def sent(client: ApiClient, app: App, *, minutes_ago: int = 0) -> tuple[str, str]:
    """Session and message, as the worker would leave them once WhatsApp has it."""
    session = client.session()
    message = str(client.send(session).json()["id"])
    time_ms = app.now_ms() - minutes_ago * 60_000
    app.table.update(step_write(message, "accepted", "sent", {"sent": time_ms}))
    return session, message


def received(client: ApiClient, app: App, session: str) -> str:
    contact = client.send(session).json()["chat"]["contact_id"]
    message_id = make_id("msg", bytes(range(16)))
    content = {"text": "hi", "hex": "3EB0AA", "key": f"false_{GRACE}@c.us_3EB0AA"}
    sealed = app.seals.seal_json(client.tenant, contact, f"message#{message_id}", content)
    now_ms = app.now_ms()
    app.table.transact(
        [new_message_write(Message(message_id, client.tenant, session, contact, "in", "received", now_ms, sealed))]
    )
    return message_id


def doing(app: App, make: Callable[[Changes, Message, dict[str, Any]], Entry | None]) -> Any:
    """An errand that records what it did, as the worker's do."""

    def errand(arguments: dict[str, Any]) -> dict[str, Any]:
        message = get_message(app.table, arguments["message"])
        assert message is not None
        entry, head = make(Changes(app.seals, app.contacts), message, arguments), get_head(app.table, message.session)
        if entry is not None and head is not None:
            append([entry], head=head, table=app.table, seals=app.seals, epoch=None)
        return {"message_id": message.id}

    return errand


def changes_of(client: ApiClient, session: str) -> list[dict[str, Any]]:
    events = client.get("/v1/events", query={"session_id": session}).json()["events"]
    return [event["data"] for event in events if event["data"].get("change")]


def test_an_edit_changes_the_message_and_says_so_in_the_log(client: ApiClient, app: App) -> None:
    session, message = sent(client, app)
    path = f"/v1/sessions/{session}/messages/{message}"
    edit = doing(app, lambda c, m, a: c.edited(m, a["text"], edit_id="3EB01", time_ms=app.now_ms()))
    with owner_of(app, session, edit_message=edit) as owner:
        answer = client.post(f"{path}/edit", {"text": " better "})
        assert client.post(f"{path}/edit", {"text": "better"}).status == 200
    assert answer.status == 200, answer.body
    assert (answer.json()["text"], answer.json()["status"]) == ("better", "sent")
    assert answer.json()["edited_at"]
    assert client.get(path).json() == answer.json()
    assert owner.asked[0] == ("edit_message", {"message": message, "text": "better"})
    [change] = changes_of(client, session)
    assert (change["change"], change["text"], change["status"], change["message_id"]) == (
        "edited",
        "better",
        "sent",
        message,
    )
    assert b"better" not in b"".join(path.read_bytes() for path in app.settings.home.rglob("*") if path.is_file())


def test_a_revoked_message_has_no_text_and_takes_nothing_more(client: ApiClient, app: App) -> None:
    session, message = sent(client, app)
    path = f"/v1/sessions/{session}/messages/{message}"
    revoke = doing(app, lambda c, m, _: c.revoked(m, by=None, time_ms=app.now_ms()))
    with owner_of(app, session, revoke_message=revoke):
        answer = client.post(f"{path}/revoke").json()
    assert (answer["text"], bool(answer["revoked_at"])) == (None, True)
    [change] = changes_of(client, session)
    assert (change["change"], change["by"]) == ("revoked", None)
    for how, body in (("edit", {"text": "x"}), ("revoke", None)):
        assert client.post(f"{path}/{how}", body).code == "message_revoked"
    assert client.call("PUT", f"{path}/reaction", body={"emoji": "👍"}).code == "message_revoked"


def test_a_reaction_is_given_replaced_and_taken_back(client: ApiClient, app: App) -> None:
    session = client.session()
    message = received(client, app, session)
    path = f"/v1/sessions/{session}/messages/{message}/reaction"
    react = doing(app, lambda c, m, a: c.reacted(m, a["emoji"], by=None, t=None, time_ms=app.now_ms()))
    with owner_of(app, session, react_to_message=react):
        for emoji in ("👍", "👍", "❤️", None):
            answer = client.call("PUT", path, body={"emoji": emoji})
            assert answer.status == 200, answer.body
            assert answer.json()["reactions"] == ([{"by": None, "emoji": emoji}] if emoji else [])
    assert [change["emoji"] for change in changes_of(client, session)] == ["👍", "❤️", None]


@pytest.mark.parametrize("emoji", ["", "yes", "👍 ok", "👍" * 33])
def test_what_is_no_emoji_is_no_reaction(client: ApiClient, app: App, emoji: str) -> None:
    session, message = sent(client, app)
    answer = client.call("PUT", f"/v1/sessions/{session}/messages/{message}/reaction", body={"emoji": emoji})
    assert (answer.status, answer.code) == (422, "bad_reaction")


def test_what_cannot_be_changed_says_by_which_rule(client: ApiClient, app: App) -> None:
    session, old = sent(client, app, minutes_ago=16)
    unsent = client.send(session).json()["id"]
    theirs = received(client, app, session)
    for message, how, code in (
        (old, "edit", "edit_window_over"),
        (unsent, "edit", "message_not_sent"),
        (unsent, "revoke", "message_not_sent"),
        (theirs, "edit", "not_own_message"),
        (theirs, "revoke", "not_own_message"),
    ):
        answer = client.post(
            f"/v1/sessions/{session}/messages/{message}/{how}", {"text": "x"} if how == "edit" else None
        )
        assert (answer.status, answer.code, answer.json()["category"]) == (409, code, "business_logic"), how
    path = f"/v1/sessions/{session}/messages/{old}"
    assert client.post(f"{path}/edit", {"text": " "}).code == "text_empty"
    assert client.post(f"{path}/edit", {"text": "x" * 4097}).code == "text_too_long"
    assert client.call("PUT", f"{path}/reaction", body={}).code == "invalid_request"


def test_people_are_mentioned_where_the_text_names_them(client: ApiClient) -> None:
    session = client.session()
    answer = client.send(session, "12036304@g.us", f"ask @{GRACE}", mentions=[f"+{GRACE}"])
    assert (answer.status, answer.json()["mentions"]) == (202, [f"{GRACE}@c.us"])
    for text, mentions, code in (
        ("ask her", [GRACE], "mention_not_in_text"),
        ("ask @12036304", ["12036304@g.us"], "mention_not_a_person"),
        ("ask @1", ["nobody"], "invalid_chat_id"),
    ):
        refused = client.send(session, "12036304@g.us", text, mentions=mentions)
        assert (refused.status, refused.code, refused.json()["field"]) == (422, code, "mentions.0")
    assert client.send(session, mentions=[GRACE] * 257).code == "invalid_request"
