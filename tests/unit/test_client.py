"""The parts of the client that need no network: back-off, what a frame means, typed events, and believing a webhook."""

import base64
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from waypost.client import (
    BadSignature,
    Event,
    MessageReceived,
    MessageStatusUpdate,
    Place,
    Session,
    SessionStatus,
    verify_webhook,
)
from waypost.client.backoff import back_off
from waypost.client.events import event_of
from waypost.client.reading import Stretch, is_known, missing
from waypost.client.shapes import Message as MessageShape
from waypost.client.shapes import shaped

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
NOW = 1_790_000_000


def document(**more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "evt_x_1_7",
        "source": "/v1/sessions/ses_x",
        "type": "message_received",
        "subject": "msg_x",
        "time": "2026-11-22T12:00:00.123Z",
        "sessionid": "ses_x",
        "generation": 1,
        "sequence": 7,
        "build": "b",
        "data": {"message_id": "msg_x", "text": "hi", "from": {"contact_id": "con_x", "pn": "1@c.us"}},
    } | more


def test_waits_double_up_to_the_longest_and_are_cut_by_chance() -> None:
    assert list(itertools.islice(back_off(0.5, 8, lambda: 0.999999), 6)) == pytest.approx([0.5, 1, 2, 4, 8, 8], 1e-3)
    assert list(itertools.islice(back_off(0.5, 8, lambda: 0.0), 3)) == [0, 0, 0]
    waits = list(itertools.islice(back_off(0.5, 30), 200))
    assert all(0 <= wait < 30 for wait in waits)
    assert len(set(waits)) == 200


@pytest.mark.parametrize(
    ("at", "found", "stretches"),
    [
        (Place(1, 4), Place(1, 5), []),
        (Place(1, 4), Place(1, 6), [Stretch(1, 4, 6)]),
        (Place(1, 4), Place(2, 1), [Stretch(1, 4, None)]),
        (Place(1, 4), Place(2, 3), [Stretch(1, 4, None), Stretch(2, 0, 3)]),
        (Place(1, 4), Place(3, 1), [Stretch(1, 4, None), Stretch(2, 0, None)]),
    ],
)
def test_what_is_missing_in_front_of_an_event(at: Place, found: Place, stretches: list[Stretch]) -> None:
    assert not is_known(at, found)
    assert missing(at, found) == stretches


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6)), max_size=40))
def test_whatever_comes_in_whatever_order_each_is_handed_out_once_and_in_order(frames: list[tuple[int, int]]) -> None:
    log = [Place(generation, number) for generation in (1, 2, 3) for number in range(1, 7)]
    handed: list[Place] = []
    at = Place(1, 0)
    for frame in itertools.starmap(Place, frames):
        if is_known(at, frame):
            continue
        for stretch in missing(at, frame):
            handed += [
                place
                for place in log
                if place.generation == stretch.generation and stretch.after < place.sequence < (stretch.before or 10**9)
            ]
        handed.append(frame)
        at = frame
    assert handed == log[: len(handed)]
    assert at == (handed[-1] if handed else Place(1, 0))


def test_events_are_typed() -> None:
    received = event_of(document())
    assert isinstance(received, MessageReceived)
    assert (received.place, received.text, received.message_id) == (Place(1, 7), "hi", "msg_x")
    assert received.sender is not None
    assert (received.sender.contact_id, received.sender.pn, received.sender.lid) == ("con_x", "1@c.us", None)
    assert received.time == datetime(2026, 11, 22, 12, 0, 0, 123000, UTC)
    update = event_of(document(type="message_status_update", data={"status": "read", "previous": "delivered"}))
    assert isinstance(update, MessageStatusUpdate)
    assert (update.status, update.previous, update.message_id) == ("read", "delivered", "msg_x")
    status = event_of(document(type="session_status", data={"status": "scan_qr", "qr": {"code": "c"}}))
    assert isinstance(status, SessionStatus)
    assert status.qr == {"code": "c"}
    assert len({received, update, status}) == 3


def test_a_kind_of_tomorrow_and_an_event_without_data_are_events_too() -> None:
    unknown = event_of(document(type="poll_vote"))
    assert (type(unknown), unknown.type) == (Event, "poll_vote")
    erased = event_of(document(data=None, unreadable="key_erased"))
    assert isinstance(erased, MessageReceived)
    assert (erased.unreadable, erased.text, erased.chat) == ("key_erased", None, None)


def test_answers_may_have_more_than_we_know_but_not_less() -> None:
    answer = {"id": "ses_x", "name": "n", "status": "working", "linked": True, "created_at": "t", "new": 1}
    assert shaped(Session, answer).status == "working"
    with pytest.raises(TypeError):
        shaped(Session, {"id": "ses_x"})
    message = {"id": "m", "session_id": "s", "direction": "in", "type": "text", "status": "received", "created_at": "t"}
    assert shaped(MessageShape, {**message, "chat": {"contact_id": "con_x", "more": 1}}).chat.contact_id == "con_x"


def signed(body: bytes, secrets: tuple[str, ...] = (SECRET,), stamp: int = NOW) -> dict[str, str]:
    """As the library of Standard Webhooks signs."""
    when = datetime.fromtimestamp(stamp, UTC)
    signatures = [Webhook(secret).sign("evt_x_1_7", when, body.decode()) for secret in secrets]
    return {
        "Webhook-Id": "evt_x_1_7",
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": " ".join(["v2,unknown", *signatures]),
    }


BODY = json.dumps(document()).encode()


def test_a_signed_webhook_is_an_event() -> None:
    event = verify_webhook(signed(BODY), BODY, SECRET, now=NOW)
    assert isinstance(event, MessageReceived)
    test = json.dumps({"id": "evt_test_x", "type": "webhook_test", "time": "2026-11-22T12:00:00.123Z"}).encode()
    assert verify_webhook(signed(test), test, [SECRET], now=NOW).type == "webhook_test"


@pytest.mark.parametrize("known", [SECRET, OTHER, (SECRET, OTHER)])
def test_while_a_secret_is_changed_either_will_do(known: Any) -> None:
    assert verify_webhook(signed(BODY, (SECRET, OTHER)), BODY, known, now=NOW).sequence == 7


@pytest.mark.parametrize(
    ("headers", "body", "secret"),
    [
        (signed(BODY), BODY + b" ", SECRET),
        (signed(BODY), BODY, OTHER),
        (signed(BODY), BODY, ()),
        (signed(BODY, ()), BODY, SECRET),
        (signed(BODY) | {"Webhook-Id": "evt_x_1_8"}, BODY, SECRET),
        (signed(BODY) | {"Webhook-Timestamp": str(NOW + 1)}, BODY, SECRET),
        (signed(BODY) | {"Webhook-Timestamp": "٣"}, BODY, SECRET),
        (signed(BODY) | {"Webhook-Signature": "v1,ü"}, BODY, SECRET),
        (signed(BODY, stamp=NOW - 301), BODY, SECRET),
        (signed(BODY, stamp=NOW + 301), BODY, SECRET),
        (signed(b"[]"), b"[]", SECRET),
        ({}, BODY, SECRET),
    ],
)
def test_anything_else_is_not_believed(headers: dict[str, str], body: bytes, secret: Any) -> None:
    with pytest.raises(BadSignature):
        verify_webhook(headers, body, secret, now=NOW)
