"""The rules of messages, webhooks, leases and events."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from waypost.domain.event import Event, event_id, rfc3339, to_cloudevent
from waypost.domain.lease import CLOCK_MARGIN_SECONDS, Head, may_claim
from waypost.domain.message import (
    MAX_TEXT,
    Status,
    check_text,
    is_settled,
    may_become,
    status_of_ack,
)
from waypost.domain.webhook import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, retry_delay, sign
from waypost.errors import TooLarge, ValidationError

STATUSES: tuple[Status, ...] = get_args(Status)
FINAL = {"played", "failed", "expired", "cancelled"}
# The way forward, written down a second time: rank by rank, and never back.
RANK = {"accepted": 0, "sending": 1, "uncertain": 2, "sent": 3, "delivered": 4, "read": 5, "played": 6}
RANK |= {"received": 3}  # of what came in, which is read next


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_status_only_moves_forward(before: Status, after: Status) -> None:
    if not may_become(before, after):
        return
    assert before != after
    assert before not in FINAL
    if before in RANK and after in RANK:
        assert RANK[before] < RANK[after]


def test_only_what_was_not_handed_over_can_be_cancelled() -> None:
    assert [status for status in STATUSES if may_become(status, "cancelled")] == ["accepted"]
    assert {status for status in STATUSES if not is_settled(status)} == {"accepted", "sending"}


def test_a_receipt_may_skip_but_never_goes_back() -> None:
    assert [status_of_ack(ack) for ack in (-1, 0, 1, 2, 3, 4)] == [
        "failed",
        None,
        "sent",
        "delivered",
        "read",
        "played",
    ]
    assert may_become("sending", "read")
    assert not may_become("read", "delivered")


def test_a_texts_length_counts_characters() -> None:
    check_text("😀" * MAX_TEXT)
    for wrong, kind, code in (
        ("😀" * (MAX_TEXT + 1), TooLarge, "text_too_long"),
        ("\u2003\n", ValidationError, "text_empty"),
    ):
        with pytest.raises(kind) as refused:
            check_text(wrong)
        assert (refused.value.code, refused.value.field) == (code, "text")


@given(attempt=st.integers(1, 1000), chance=st.floats(0, 1, exclude_max=True))
def test_a_webhook_waits_longer_and_longer_but_never_too_long(attempt: int, chance: float) -> None:
    delay = retry_delay(attempt, chance)
    ceiling = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
    assert 1 <= delay <= LONGEST_RETRY_SECONDS
    assert ceiling / 2 - 1 <= delay <= ceiling
    assert retry_delay(attempt, 0.0) <= delay


@given(body=st.binary(max_size=200).map(lambda raw: json.dumps({"data": raw.hex()}).encode()))
def test_a_signature_is_the_librarys(body: bytes) -> None:
    secret, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, "evt_1", now, body),
    }
    assert Webhook(secret).verify(body.decode(), headers) == json.loads(body)
    assert sign(secret, "evt_2", now, body) != headers["webhook-signature"]


@given(until=st.integers(0, 10**13), past=st.integers(-100_000, 100_000))
def test_a_lease_may_be_claimed_only_past_its_end_and_the_margin(until: int, past: int) -> None:
    head = Head("ses_1", "ten_1", owner="wrk_1", lease_until_ms=until)
    assert may_claim(head, until + past) == (past > CLOCK_MARGIN_SECONDS * 1000)
    assert may_claim(Head("ses_1", "ten_1", owner=None, lease_until_ms=until), until + past)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001  # the zone is put on below
def test_times_are_utc_with_milliseconds(moment: datetime) -> None:
    time_ms = round(moment.replace(tzinfo=UTC).timestamp() * 1000)
    text = rfc3339(time_ms)
    assert len(text) == len("2026-11-22T12:00:00.000Z")
    assert round(datetime.fromisoformat(text).timestamp() * 1000) == time_ms


def test_an_event_on_the_wire_is_a_cloudevent() -> None:
    event = Event("ten_1", "ses_1", 2, 7, "message_sent", 0, contact="con_1", message="msg_1", data={"a": 1}, build="b")
    wire = to_cloudevent(event)
    assert (wire["specversion"], wire["id"], wire["subject"]) == ("1.0", event_id("ses_1", 2, 7), "msg_1")
    assert (wire["generation"], wire["sequence"], wire["data"]) == (2, 7, {"a": 1})
    assert wire["id"] == "evt_1_2_7"
    assert "ten_1" not in str(wire)
