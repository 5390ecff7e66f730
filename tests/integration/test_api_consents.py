"""Consent over the API: each policy and each refusal by a request and its answer (P7)."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api_client import (
    ADA,
    GRACE,
    Answer,
    ApiClient,
    app_fixture,
    client_fixture,
    logged_fixture,
    set_status,
)
from waypost.bootstrap import App
from waypost.domain.event import rfc3339
from waypost.entities.chat import note_inbound

__all__ = ["app_fixture", "client_fixture", "logged_fixture"]

HOUR = 3_600_000
CONSENTS = f"/v1/contacts/+{GRACE}/consents"
PROOF = "form 4711 signed by her"


def put_rules(client: ApiClient, **rules: Any) -> Answer:
    return client.call("PUT", "/v1/settings/consent", body=rules)


def contact_of(client: ApiClient, session: str) -> str:
    return str(client.send(session).json()["chat"]["contact_id"])


def refusal(answer: Answer) -> tuple[int, str]:
    problem = answer.json()
    assert (problem["category"], problem["field"]) == ("business_logic", "to")
    assert problem["mend"]
    return answer.status, answer.code


def test_the_rules_are_kept_and_shown_and_begin_open(client: ApiClient) -> None:
    rules = client.get("/v1/settings/consent").json()
    assert (rules["policy"], rules["default_purpose"], rules["notice"]) == ("open", "messages", "none")
    wanted = {"policy": "opted_in", "language": "de", "stop_words": ["Genug"], "stopped": {"de": "Ende."}}
    saved = put_rules(client, **wanted)
    assert (saved.status, saved.json()) == (200, rules | wanted)
    assert client.get("/v1/settings/consent").json() == rules | wanted
    assert ApiClient().get("/v1/settings/consent").json() == rules


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"policy": "closed"}, "invalid_request"),
        ({"stop_words": ["?!"]}, "word_empty"),
        ({"stop_words": ["Genug"], "start_words": ["genug."]}, "word_in_both"),
        ({"notice": "prefix", "notices": {"fr": "Bonjour"}}, "notice_missing"),
        ({"sessions": {"shop": "open"}}, "invalid_request"),
    ],
)
def test_rules_that_cannot_be_are_refused(client: ApiClient, rules: dict[str, Any], code: str) -> None:
    answer = put_rules(client, **rules)
    assert (answer.status, answer.code) == (422, code)


def test_opted_in_asks_for_consent_to_the_purpose(client: ApiClient) -> None:
    session = client.session()
    put_rules(client, policy="opted_in")
    assert refusal(client.send(session, key="one")) == (403, "consent_missing")
    given = client.post(CONSENTS, {"means": "web_form", "proof": PROOF})
    assert given.status == 201
    assert [(one["purpose"], one["stands"]) for one in given.json()["consents"]] == [("messages", True)]
    # The refusal was not kept: what a retry with the same key finds is what holds now.
    assert client.send(session, key="one").status == 202
    assert refusal(client.send(session, purpose="news")) == (403, "consent_missing")
    client.post(CONSENTS, {"means": "paper", "purpose": "news", "given_at": "2020-01-01T00:00:00Z",
                           "until": "2021-01-01T00:00:00Z"})  # fmt: skip
    assert refusal(client.send(session, purpose="news")) == (403, "consent_expired")


def test_the_reply_window_is_open_for_a_day_after_their_last_message(client: ApiClient, app: App) -> None:
    session = client.session()
    contact = contact_of(client, session)
    put_rules(client, policy="reply_window_24h")
    assert refusal(client.send(session)) == (403, "reply_window_closed")
    note_inbound(app.table, session, contact, app.now_ms() - 25 * HOUR)
    assert refusal(client.send(session)) == (403, "reply_window_closed")
    note_inbound(app.table, session, contact, app.now_ms() - 23 * HOUR)
    assert client.send(session).status == 202
    note_inbound(app.table, session, contact, app.now_ms() - 30 * HOUR)  # one that comes late closes nothing
    assert client.send(session).status == 202
    assert refusal(client.send(client.session())) == (403, "reply_window_closed")


def test_template_only_takes_no_own_words_and_a_session_may_have_its_own_policy(client: ApiClient) -> None:
    session, other = client.session(), client.session()
    put_rules(client, policy="template_only", sessions={other: "open"})
    assert refusal(client.send(session)) == (403, "template_required")
    assert client.send(other).status == 202


@pytest.mark.parametrize("policy", ["open", "opted_in", "reply_window_24h", "template_only"])
def test_who_opted_out_is_not_written_to_under_any_policy(client: ApiClient, policy: str) -> None:
    session = client.session()
    client.post(CONSENTS, {"means": "paper"})
    assert client.delete(CONSENTS).status == 200
    put_rules(client, policy=policy)
    assert refusal(client.send(session)) == (403, "opted_out")
    assert refusal(client.send(session, purpose="news")) == (403, "opted_out")


def test_groups_and_the_own_account_have_no_consent_to_give(client: ApiClient) -> None:
    session = client.session()
    put_rules(client, policy="opted_in")
    assert client.send(session, "120363000000000000@g.us").status == 202
    assert client.send(session, f"+{ADA}").status == 202
    answer = client.post("/v1/contacts/120363000000000000@g.us/consents", {"means": "paper"})
    assert (answer.status, answer.code) == (422, "not_a_person")


def test_a_withdrawal_cancels_what_waits_in_every_session_and_is_told_there(client: ApiClient) -> None:
    first, second, stranger = client.session(), client.session(), client.session()
    waiting = [client.send(session, lane=lane).json()["id"]
               for session in (first, second) for lane in ("interactive", "bulk") for _ in range(2)]  # fmt: skip
    kept = client.send(first, f"+{ADA}").json()["id"]
    withdrawn = client.delete(CONSENTS)
    assert (withdrawn.status, withdrawn.json()["cancelled"]) == (200, 8)
    assert withdrawn.json()["opted_out_by"] == "api"
    for at, message in enumerate(waiting):
        shown = client.get(f"/v1/sessions/{first if at < 4 else second}/messages/{message}").json()
        assert (shown["status"], shown["reason"]) == ("cancelled", "opted_out")
    assert client.get(f"/v1/sessions/{first}/messages/{kept}").json()["status"] == "accepted"
    for session, told in ((first, 1), (second, 1), (stranger, 0)):
        events = client.get("/v1/events", query={"session_id": session}).json()["events"]
        changes = [event["data"] for event in events if event["type"] == "contact_status"]
        assert [(one["consent"], one["purpose"], one["chat"]["pn"]) for one in changes] == [
            ("withdrawn", None, f"{GRACE}@c.us")
        ] * told
    again = client.delete(CONSENTS)
    assert (again.status, again.json()["cancelled"]) == (200, 0)


def test_one_purpose_is_withdrawn_by_itself(client: ApiClient) -> None:
    session = client.session()
    news, parcel = (client.send(session, purpose=purpose).json()["id"] for purpose in ("news", "parcels"))
    unnamed = client.send(session).json()["id"]
    answer = client.call("DELETE", CONSENTS, query={"purpose": "news"})
    assert (answer.status, answer.json()["cancelled"]) == (200, 1)
    status = {one: client.get(f"/v1/sessions/{session}/messages/{one}").json() for one in (news, parcel, unnamed)}
    assert [status[one]["status"] for one in (news, parcel, unnamed)] == ["cancelled", "accepted", "accepted"]
    assert status[news]["reason"] == "consent_withdrawn"
    assert refusal(client.send(session, purpose="news")) == (403, "consent_withdrawn")
    assert client.send(session, purpose="parcels").status == 202
    client.post(CONSENTS, {"means": "phone", "purpose": "news"})
    assert client.send(session, purpose="news").status == 202


def test_the_history_keeps_every_step_with_its_proof(client: ApiClient) -> None:
    given = {"means": "web_form", "purpose": "news", "proof": PROOF, "given_at": "2026-01-02T03:04:05+01:00"}
    for _ in range(2):  # said twice, it is recorded once
        assert client.post(CONSENTS, given).status == 201
    client.delete(CONSENTS)
    shown = client.get(CONSENTS).json()
    assert shown["opted_out_by"] == "api"
    assert [(one["purpose"], one["stands"]) for one in shown["consents"]] == [("news", False)]
    steps = [(one["step"], one["purpose"], one["means"], one["by"], one["proof"]) for one in shown["history"]]
    assert steps == [("opted_out", None, "api", "key_test", None), ("given", "news", "web_form", "key_test", PROOF)]
    assert shown["history"][1]["at"] == "2026-01-02T02:04:05.000Z"
    by_id = client.get(f"/v1/contacts/{shown['chat']['contact_id']}/consents").json()
    assert by_id["history"] == shown["history"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"means": "paper", "given_at": "yesterday"}, "time_invalid", "given_at"),
        ({"means": "paper", "given_at": "2999-01-01T00:00:00Z"}, "time_impossible", "given_at"),
        ({"means": "paper", "until": "2020-01-01T00:00:00Z"}, "until_before_given", "until"),
        ({"means": "On paper!"}, "invalid_request", "means"),
        ({}, "invalid_request", "means"),
    ],
)
def test_a_consent_that_cannot_be_is_refused(client: ApiClient, body: Mapping[str, str], code: str, field: str) -> None:
    answer = client.post(CONSENTS, body)
    assert (answer.status, answer.code, answer.json()["field"]) == (422, code, field)


def test_strangers_and_other_tenants_find_nothing(client: ApiClient) -> None:
    mine = client.post(CONSENTS, {"means": "paper"}).json()["chat"]["contact_id"]
    for other, contact in ((ApiClient(), mine), (ApiClient(), f"+{GRACE}"), (client, "con_0"), (client, f"+{ADA}")):
        answer = other.get(f"/v1/contacts/{contact}/consents")
        assert (answer.status, answer.code) == (404, "contact_not_found")


CSV = f"""chat;purpose;means;given_at;proof;until;withdrawn_at
+{GRACE};news;paper;2026-01-01T10:00:00Z;"page 1; line 3";;
4915112345603@c.us;;web_form;2026-01-01T10:00:00+02:00;;;
not a number;;paper;2026-01-01T10:00:00Z;;;
+4915112345604;News!;;yesterday;;;

+4915112345605;news;paper;2026-01-01T10:00:00Z;"two
lines";2020-01-01T00:00:00Z;
+4915112345606;news;paper;2026-01-01T10:00:00Z;;;2026-02-01T10:00:00Z
"""


def test_a_list_is_imported_row_by_row_and_again_without_harm(client: ApiClient) -> None:
    first = client.post("/v1/consents/import", {"csv": "\ufeff" + CSV.replace("\n", "\r\n")}).json()
    assert [(row["line"], row["result"]) for row in first["rows"]] == [
        (2, "recorded"), (3, "recorded"), (4, "refused"), (5, "refused"), (7, "refused"), (9, "recorded"),
    ]  # fmt: skip
    wrong = {row["line"]: [(one["column"], one["code"]) for one in row["errors"]] for row in first["rows"]}
    assert wrong[4] == [("chat", "invalid_chat_id")]
    assert sorted(wrong[5]) == [("given_at", "time_invalid"), ("means", "missing"), ("purpose", "bad_format")]
    assert wrong[7] == [("until", "until_before_given")]
    assert all(one["mend"] for row in first["rows"] for one in row["errors"])
    again = client.post("/v1/consents/import", {"csv": CSV}).json()
    assert (again["recorded"], again["unchanged"], again["refused"]) == (0, 3, 3)
    history = client.get(CONSENTS).json()["history"]
    assert [(one["proof"], one["means"]) for one in history] == [("page 1; line 3", "paper")]

    listed, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/consents", query={"limit": "2", **({"cursor": cursor} if cursor else {})}).json()
        listed += page["contacts"]
        cursor = page["next_cursor"]
    standing = {one["chat"]["pn"]: [(c["purpose"], c["stands"]) for c in one["consents"]] for one in listed}
    assert standing == {
        f"{GRACE}@c.us": [("news", True)],
        "4915112345603@c.us": [("messages", True)],
        "4915112345606@c.us": [("news", False)],
    }
    news = client.get("/v1/consents", query={"purpose": "news"}).json()["contacts"]
    assert {one["chat"]["pn"] for one in news} == {f"{GRACE}@c.us", "4915112345606@c.us"}


def test_an_imported_list_does_not_undo_an_opt_out(client: ApiClient) -> None:
    client.delete(CONSENTS)
    answer = client.post("/v1/consents/import", {"csv": CSV}).json()
    assert answer["rows"][0]["result"] == "recorded"
    put_rules(client, policy="opted_in")
    assert refusal(client.send(client.session(), purpose="news")) == (403, "opted_out")


@pytest.mark.parametrize(
    ("csv", "code", "status"),
    [
        ("chat,means\n+4915112345602,paper\n", "csv_header", 422),
        ("chat,means,given_at,colour\n", "csv_header", 422),
        ("chat,chat,means,given_at\n", "csv_header", 422),
        ('chat,means,given_at\n"+49151,paper\n', "csv_broken", 422),
        ("chat,means,given_at\n" + "+4915112345602,paper,2026-01-01T10:00:00Z\n" * 501, "too_many_rows", 413),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_as_a_whole(client: ApiClient, csv: str, code: str, status: int) -> None:
    answer = client.post("/v1/consents/import", {"csv": csv})
    assert (answer.status, answer.code) == (status, code)
    assert client.get("/v1/consents").json() == {"contacts": [], "next_cursor": None}


def test_neither_number_nor_proof_lies_on_the_disk_or_in_the_log(
    client: ApiClient, app: App, tmp_path: Path, logged: io.StringIO
) -> None:
    session = client.session()
    put_rules(client, policy="opted_in", stopped={"en": "farewell 8d1f"})
    client.send(session)
    client.post(CONSENTS, {"means": "paper", "proof": PROOF, "given_at": rfc3339(app.now_ms())})
    client.post("/v1/consents/import", {"csv": CSV})
    client.delete(CONSENTS)
    client.get(CONSENTS)
    set_status(session, "working")
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        for secret in (PROOF, GRACE, "farewell 8d1f", "line 3"):
            assert secret.encode() not in path.read_bytes(), path
    for secret in (PROOF, GRACE, "line 3"):
        assert secret not in logged.getvalue()
