"""Messages of every kind over the API: what is taken, what is shown of it, and each mistake with how to mend it."""

import json
from typing import Any

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture
from tests.integration.test_sending_media import handle_runs
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.domain.media import Prepared
from waypost.domain.media_refusals import refusal
from waypost.services.media_preparing import prepare_media

__all__ = ["app_fixture", "client_fixture"]

MEDIA = make_id("med", bytes(16))
CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Grace\nEND:VCARD"
PLACE = {"latitude": 52.5, "longitude": -13}
POLL = {"question": "When?", "options": ["Now", "Later"]}


def come(app: App, tenant: str, media: str = MEDIA, **said: Any) -> str:
    app.files.take_in(app.files.create(media, tenant, now_ms=app.now_ms(), **said), b"bytes")
    return media


def settle(app: App, media: str = MEDIA, *, refused: str | None = None, kind: Any = "image") -> None:
    def prepare(source: Any, *_: Any) -> tuple[Prepared, Any]:
        if refused is not None:
            raise refusal(refused)
        return Prepared(kind, "image/png", ".png", 5, "ab" * 32, True, width=3, height=2), source

    prepare_media(media, files=app.files, prepare=prepare, now_ms=app.now_ms, claim_seconds=5)
    handle_runs(app)


def send(client: ApiClient, session: str, **body: Any) -> dict[str, Any]:
    answer = client.send(session, **{"text": None, **body})
    assert answer.status == 202, answer.body
    found: dict[str, Any] = answer.json()
    return found


def test_a_file_may_be_named_before_it_is_ready_and_is_shown_as_it_comes_along(client: ApiClient, app: App) -> None:
    session = client.session()
    come(app, client.tenant, name="me.png")
    message = send(client, session, media={"id": MEDIA}, text="look", filename="you.png")
    assert (message["type"], message["text"], message["status"]) == ("image", "look", "accepted")
    assert (message["media"]["state"], message["media"]["filename"]) == ("pending", "you.png")
    assert message["estimate"] == {"at": None, "because": "media"}
    queue = client.get(f"/v1/sessions/{session}/queue").json()["interactive"]
    assert (queue["waiting"], queue["reasons"]) == (1, {"media": 1})
    [waiting] = client.get(f"/v1/sessions/{session}/queue/messages").json()["messages"]
    assert (waiting["reason"], waiting["estimate"]["because"]) == ("media", "media")
    settle(app)
    shown = client.get(f"/v1/sessions/{session}/messages/{message['id']}").json()["media"]
    known: dict[str, Any] = {
        "id": MEDIA, "state": "ready", "mime": "image/png", "size": 5, "sha256": "ab" * 32, "filename": "you.png",
        "width": 3, "height": 2, "duration_ms": None, "view_once": False,
    }  # fmt: skip
    assert known.items() <= shown.items()
    assert client.get(f"/v1/sessions/{session}/queue").json()["interactive"]["reasons"] == {"nothing": 1}


def test_a_file_that_is_refused_fails_the_messages_that_wait_for_it(client: ApiClient, app: App) -> None:
    session = client.session()
    come(app, client.tenant)
    message = send(client, session, media={"id": MEDIA})
    settle(app, refused="media_empty")
    failed = client.get(f"/v1/sessions/{session}/messages/{message['id']}").json()
    assert (failed["status"], failed["reason"], failed["media"]["state"]) == ("failed", "media_empty", "failed")
    assert failed["failure"]["mend"] == "Upload it again: nothing arrived."
    again = client.send(session, text=None, media={"id": MEDIA})
    assert (again.status, again.code) == (422, "media_empty")


def test_a_file_of_a_url_is_fetched_and_waited_for_once(client: ApiClient, app: App) -> None:
    session = client.session()
    body = {"to": f"+{GRACE}", "media": {"url": "https://files.example/a.png"}, "kind": "image", "text": "look"}
    first, again = (client.post(f"/v1/sessions/{session}/messages", body, key="once").json() for _ in range(2))
    assert (first, first["media"]["state"]) == (again, "pending")
    media = app.files.find(first["media"]["id"], client.tenant)
    assert (media.state, app.files.asked(media).kind) == ("fetching", "image")
    told = client.send(session, text=None, media={"url": "http://127.0.0.1/secret"})
    assert (told.status, told.code, told.json()["field"]) == (422, "url_refused", "media.url")


def test_places_cards_and_polls_are_taken_and_shown(client: ApiClient) -> None:
    session = client.session()
    place = {"latitude": 52.5, "longitude": -13, "name": "Gate", "address": None, "url": "https://example.org/"}
    shown = send(client, session, location=place)
    assert (shown["type"], shown["text"]) == ("location", None)
    assert {**place, "longitude": -13.0}.items() <= shown["location"].items()
    cards = [
        {"name": "Grace; Hopper", "phones": ["+49 151 12345678"], "email": "g@example.org"},
        {"name": "A", "vcard": CARD},
    ]
    made, given = send(client, session, contacts=cards)["contacts"]
    assert given == {"name": "A", "vcard": CARD, "numbers": []}
    assert made["numbers"] == ["+4915112345678"]
    assert made["vcard"].splitlines() == [
        "BEGIN:VCARD", "VERSION:3.0", "N:;Grace\\; Hopper;;;", "FN:Grace\\; Hopper",
        "TEL;type=CELL;type=VOICE;waid=4915112345678:+4915112345678", "EMAIL:g@example.org", "END:VCARD",
    ]  # fmt: skip
    assert {**POLL, "selectable": 1}.items() <= send(client, session, poll=POLL)["poll"].items()


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "text", "missing"),
    ({"text": "a", "poll": POLL}, "text", "too_many"),
    ({"media": {"id": MEDIA}, "poll": POLL}, "poll", "too_many"),
    ({"location": PLACE, "poll": POLL}, "poll", "too_many"),
    ({"template": {"name": "a"}, "poll": POLL}, "poll", "too_many"),
    ({"text": "a", "kind": "voice"}, "kind", "without_media"),
    ({"text": "a", "filename": "x"}, "filename", "without_media"),
    ({"poll": POLL, "view_once": True}, "view_once", "without_media"),
    ({"media": {"id": MEDIA}, "kind": "film"}, "kind", "not_allowed"),
    ({"media": {}}, "media.url", "id_or_url"),
    ({"media": {"id": MEDIA, "url": "https://files.example/"}}, "media.url", "id_or_url"),
    ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude", "too_large"),
    ({"location": {"latitude": "1", "longitude": 0}}, "location.latitude", "wrong_type"),
    ({"contacts": []}, "contacts", "too_few"),
    ({"contacts": [{"name": "A"}]}, "contacts.0.vcard", "phones_or_vcard"),
    ({"poll": {**POLL, "options": ["one"]}}, "poll.options", "too_few"),
    ({"poll": {**POLL, "options": [str(at) for at in range(13)]}}, "poll.options", "too_many"),
]


@pytest.mark.parametrize(("body", "field", "code"), MISTAKES)
def test_what_is_no_message_is_refused_with_where_and_how(
    client: ApiClient, body: dict[str, Any], field: str, code: str
) -> None:
    problem = client.send(client.session(), **{"text": None, **body}).json()
    assert (problem["status"], problem["code"]) == (422, "invalid_request")
    assert (field, code) in [(error["field"], error["code"]) for error in problem["errors"]]
    assert all(error["mend"] for error in problem["errors"])


def test_limits_are_told_as_people_write_them(client: ApiClient) -> None:
    wrong: dict[str, Any] = {
        "location": {"latitude": 91, "longitude": -180.5},
        "contacts": [{"name": "", "vcard": CARD}],
        "text": None,
    }
    errors = client.send(client.session(), **wrong).json()["errors"]
    assert {error["field"]: error["mend"] for error in errors}.items() >= {
        "location.latitude": "Give at most 90.",
        "location.longitude": "Give at least -180.",
        "contacts.0.name": "Give at least 1 character.",
    }.items()


RULES: list[tuple[dict[str, Any], int, str, str]] = [
    ({"media": {"id": make_id("med", b"9" * 16)}}, 404, "media_not_found", "media"),
    ({"media": {"id": "nonsense"}}, 404, "media_not_found", "media"),
    ({"media": {"id": MEDIA}, "text": "x" * 1025}, 422, "caption_too_long", "text"),
    ({"media": {"id": MEDIA}, "filename": "a/b"}, 422, "filename_invalid", "filename"),
    ({"media": {"id": MEDIA}, "kind": "sticker"}, 422, "media_prepared_otherwise", "media"),
    ({"media": {"id": MEDIA}, "kind": "document", "view_once": True}, 422, "media_view_once_unfit", "media"),
    ({"location": {"latitude": 1, "longitude": 1, "url": "ftp://x"}}, 422, "location_url_invalid", "location.url"),
    ({"contacts": [{"name": "A", "vcard": "hello"}]}, 422, "vcard_invalid", "contacts.0.vcard"),
    ({"contacts": [{"name": "A", "phones": ["12"]}]}, 422, "invalid_chat_id", "contacts.0.phones.0"),
    ({"poll": {**POLL, "options": ["a", "a"]}}, 422, "poll_option_twice", "poll.options.1"),
    ({"poll": {**POLL, "selectable": 3}}, 422, "poll_invalid", "poll.selectable"),
    ({"poll": POLL, "mentions": ["4915112345678@c.us"]}, 422, "mention_not_in_text", "mentions.0"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), RULES)
def test_what_no_rule_allows_is_refused_with_its_code(
    client: ApiClient, app: App, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    come(app, client.tenant, kind="image")
    settle(app)
    problem = client.send(client.session(), **{"text": None, **body}).json()
    assert (problem["status"], problem["code"], problem["field"]) == (status, code, field)
    assert problem["mend"]


def test_another_tenants_file_is_as_if_it_were_not_there(client: ApiClient, app: App) -> None:
    come(app, make_id("ten", b"another tenant.."))
    problem = client.send(client.session(), text=None, media={"id": MEDIA})
    assert (problem.status, problem.code) == (404, "media_not_found")


def test_the_document_shows_each_kind_by_an_example(client: ApiClient) -> None:
    document = json.loads(client.get("/openapi.json").body)
    examples = document["components"]["schemas"]["NewMessage"]["examples"]
    assert [next(iter(set(one) - {"to"})) for one in examples if len(one) == 2] == [
        "text",
        "location",
        "contacts",
        "poll",
    ]
    session = client.session()
    for example in examples:
        assert client.post(f"/v1/sessions/{session}/messages", example).status in (202, 404)  # no such file
