"""Bulk runs over the API: each row once whatever happens, and each told what became of it."""

import csv
import io
from typing import Any

import pytest

from tests.integration.api_client import ApiClient, app_fixture, client_fixture, set_status
from tests.integration.bulk_house import let_strangers_in, work_off
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.entities.message import list_of_run
from waypost.errors import StorageError
from waypost.services import bulk_work
from waypost.services.accepting import accept

__all__ = ["app_fixture", "client_fixture"]

FILE = """to;name;amount
+4915112345610;Ada;12
+49 151 12345611;"Grace; H.";13
4915112345610@c.us;Ada again;14
nobody;Eve;15
+4915112345612;;16
+4915112345613;Alan;17;too many

+4915112345614;Edsger;18
"""


@pytest.fixture(autouse=True)
def anybody_fixture(client: ApiClient, app: App) -> None:
    let_strangers_in(app, client.tenant)


def begin(client: ApiClient, session: str, **more: Any) -> dict[str, Any]:
    body = {"session_id": session, "text": "Hello {{name}}", "csv": FILE, **more}
    answer = client.post("/v1/bulk", body)
    assert answer.status == 202, answer.body
    return dict(answer.json())


def results(client: ApiClient, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/bulk/{run}/results", query=query).json()
        found += page["results"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_the_good_rows_go_and_the_bad_ones_say_where_and_how_to_mend_them(client: ApiClient, app: App) -> None:
    session = client.session()
    run = begin(client, session)
    assert (run["status"], run["total"], run["outcomes"]) == ("sending", 7, {"pending": 7})
    work_off(app)
    run = client.get(f"/v1/bulk/{run['id']}").json()
    assert run["outcomes"] == {"accepted": 3, "refused": 3, "duplicate": 1}
    rows = results(client, run["id"])
    assert [(row["row"], row["line"], row["outcome"], row["code"], row["column"]) for row in rows] == [
        (1, None, "accepted", None, None),
        (2, None, "accepted", None, None),
        (3, 4, "duplicate", "duplicate_recipient", None),
        (4, 5, "refused", "invalid_chat_id", "to"),
        (5, 6, "refused", "variable_missing", "name"),
        (6, 7, "refused", "row_too_long", "amount"),
        (7, None, "accepted", None, None),
    ]
    assert all(row["mend"] for row in rows if row["outcome"] == "refused")
    assert rows[3]["to"] == "nobody"
    texts = [
        client.get(f"/v1/sessions/{session}/messages/{row['message_id']}").json() for row in rows if row["message_id"]
    ]
    assert [text["text"] for text in texts] == ["Hello Ada", "Hello Grace; H.", "Hello Edsger"]
    assert {(text["lane"], text["bulk_id"]) for text in texts} == {("bulk", run["id"])}
    assert app.engine.blobs["bulk"].list("") == []  # the file is gone when it was worked through


def test_a_file_goes_to_everybody_and_a_row_may_have_its_own(client: ApiClient, app: App) -> None:
    session, ids = client.session(), [make_id("med", bytes([number] * 16)) for number in (1, 2)]
    for media in ids:
        app.files.take_in(app.files.create(media, client.tenant, now_ms=app.now_ms(), name="a.png"), b"bytes")
    file = f"to,name,Media\n+4915112345610,Ada,\n+4915112345611,Grace,{ids[1]}\n+4915112345612,Alan,med_unknown\n"
    run = begin(client, session, csv=file, media_id=ids[0])
    work_off(app)
    rows = results(client, run["id"])
    assert [(row["outcome"], row["code"], row["column"]) for row in rows] == [("accepted", None, None)] * 2 + [
        ("refused", "media_not_found", "media_id")
    ]
    sent = [client.get(f"/v1/sessions/{session}/messages/{row['message_id']}").json() for row in rows[:2]]
    assert [(one["type"], one["text"], one["media"]["id"]) for one in sent] == [
        ("image", "Hello Ada", ids[0]), ("image", "Hello Grace", ids[1]),
    ]  # fmt: skip
    nothing = client.post("/v1/bulk", {"session_id": session, "recipients": [{"to": "+4915112345610"}]})
    assert nothing.code == "text_missing"
    only = {"session_id": session, "recipients": [{"to": "+4915112345610"}], "media_id": ids[0]}
    assert client.post("/v1/bulk", only).status == 202
    assert client.post("/v1/bulk", {**only, "media_id": "med_nothing"}).code == "media_not_found"


def test_who_names_a_file_as_no_list_does_is_told_of_media_id(client: ApiClient) -> None:
    session, to = client.session(), "+4915112345610"
    for name in ("media", "media_url"):
        for body, field in (
            ({"recipients": [{"to": to, name: "med_1"}]}, f"recipients.0.{name}"),
            ({"recipients": [{"to": to}], name: "med_1"}, name),
        ):
            [wrong] = client.post("/v1/bulk", {"session_id": session, "text": "hi", **body}).json()["errors"]
            assert (wrong["field"], wrong["code"]) == (field, "unknown_field")
            assert "`media_id`" in wrong["mend"]
    elsewhere = client.send(session, media_url="https://files.example/a").json()["errors"]
    assert "`media_id`" not in elsewhere[0]["mend"]


def test_a_column_media_url_is_no_variable_unless_a_text_has_its_place(client: ApiClient, app: App) -> None:
    session, file = client.session(), "to,text,Media_URL\n+4915112345610,{},https://files.example/a\n"
    refused = client.post("/v1/bulk", {"session_id": session, "csv": file.format("look"), "text": "hi"})
    assert (refused.status, refused.code, refused.json()["field"]) == (422, "csv_column_unknown", "csv")
    assert "`media_id`" in refused.json()["mend"]
    for own, common in (("", "see {{Media_URL}}"), ("see {{Media_URL}}", "hi")):
        begin(client, session, csv=file.format(own), text=common)
    begin(client, session, recipients=[{"to": "+4915112345610", "variables": {"media_url": "x"}}], csv=None, text="hi")


def test_a_crash_at_any_row_takes_none_twice_and_leaves_none_out(
    client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = client.session()
    people = [{"to": f"+491511234{number}"} for number in range(5600, 5650)]
    run = client.post("/v1/bulk", {"session_id": session, "text": "hi", "recipients": people}).json()
    whole, calls = accept, 0

    def dies(*asked: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        message = whole(*asked, **more)
        if calls % 7 == 0:
            raise StorageError("It died here.")
        return message

    monkeypatch.setattr(bulk_work, "accept", dies)
    from bulk.handler import _desk

    for _ in range(40):
        try:
            if bulk_work.work(run["id"], _desk(app)) is None:
                break
        except StorageError:
            continue
    messages, _ = list_of_run(app.table, run["id"])
    assert [message.bulk_row for message in messages] == list(range(50))
    assert client.get(f"/v1/bulk/{run['id']}").json()["outcomes"] == {"accepted": 50}


def test_a_dry_run_tells_who_would_be_refused_and_leaves_nothing_behind(client: ApiClient, app: App) -> None:
    session = client.session()
    run = begin(client, session, dry_run=True)
    work_off(app)
    run = client.get(f"/v1/bulk/{run['id']}").json()
    assert (run["status"], run["outcomes"]) == ("finished", {"would_send": 3, "refused": 3, "duplicate": 1})
    assert run["estimate"]["at"]
    assert [row["outcome"] for row in results(client, run["id"])][:4] == [
        "would_send", "would_send", "duplicate", "refused",
    ]  # fmt: skip
    assert client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["waiting"] == 0
    assert app.contacts.find(client.tenant, parse_address("+4915112345610")) is None


def test_all_or_nothing_sends_nothing_for_one_bad_row_and_all_for_none(client: ApiClient, app: App) -> None:
    session = client.session()
    bad = begin(client, session, all_or_nothing=True)
    good = begin(client, session, all_or_nothing=True, csv="to\n+4915112345610\n+4915112345611\n", text="hi")
    work_off(app)
    assert client.get(f"/v1/bulk/{bad['id']}").json()["status"] == "refused"
    assert client.get(f"/v1/bulk/{good['id']}").json()["outcomes"] == {"accepted": 2}
    assert client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["waiting"] == 2


def test_a_run_is_held_let_go_on_and_cancelled_with_what_waits_of_it(client: ApiClient, app: App) -> None:
    session = client.session()
    run = begin(client, session)["id"]
    assert client.post(f"/v1/bulk/{run}/pause").json()["status"] == "paused"
    work_off(app)
    assert client.get(f"/v1/bulk/{run}").json()["outcomes"] == {"pending": 7}
    assert client.post(f"/v1/bulk/{run}/resume").json()["status"] == "sending"
    work_off(app)
    assert client.post(f"/v1/bulk/{run}/pause").json()["estimate"] == {"at": None, "because": "paused"}
    assert client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["reasons"] == {"paused": 3}
    for _ in range(2):
        assert client.post(f"/v1/bulk/{run}/cancel").json()["status"] == "cancelled"
    work_off(app)
    assert client.get(f"/v1/bulk/{run}").json()["outcomes"]["cancelled"] == 3
    assert client.post(f"/v1/bulk/{run}/resume").code == "bulk_cancelled"
    assert client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["waiting"] == 0


def test_a_session_that_is_not_at_work_makes_the_run_wait_and_not_fail(client: ApiClient, app: App) -> None:
    session = client.session(linked=False)
    run = begin(client, session)["id"]
    work_off(app)
    found = client.get(f"/v1/bulk/{run}").json()
    assert (found["status"], found["outcomes"]) == ("sending", {"pending": 7})
    assert found["waits_until"]
    set_status(session, "working", me=client._me(session))
    from bulk.handler import _desk

    assert bulk_work.work(run, _desk(app)) is None
    assert client.get(f"/v1/bulk/{run}").json()["outcomes"]["accepted"] == 3


@pytest.mark.parametrize("kind", ["text/csv", "multipart"])
def test_a_file_is_taken_as_it_is(client: ApiClient, app: App, kind: str) -> None:
    session = client.session()
    options = {"session_id": session, "text": "Hello {{name}}", "dry_run": "false"}
    if kind == "text/csv":
        body, query, kind = b"\xef\xbb\xbf" + FILE.encode(), options, "text/csv"
    else:
        fields = {f'name="{name}"': text for name, text in options.items()} | {'name="file"; filename="l.csv"': FILE}
        parts = [f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n" for name, text in fields.items()]
        body, query, kind = ("".join(parts) + "--b--\r\n").encode(), {}, "multipart/form-data; boundary=b"
    answer = client.call("POST", "/v1/bulk", body=body, query=query, headers={"content-type": kind})
    assert answer.status == 202, answer.body
    work_off(app)
    assert client.get(f"/v1/bulk/{answer.json()['id']}").json()["outcomes"]["accepted"] == 3
    shown = client.get(f"/v1/bulk/{answer.json()['id']}/results", query={"format": "csv"})
    table = list(csv.DictReader(io.StringIO(shown.body.decode())))
    assert [row["outcome"] for row in table][:3] == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_that_was_no_utf_8_greets_nobody_by_a_broken_name(client: ApiClient, encoding: str) -> None:
    # As a gateway passes it on.
    body = FILE.replace("Ada", "Zo\u00eb").encode(encoding).decode(errors="replace").encode()
    query = {"session_id": client.session(), "text": "Hello {{name}}"}
    answer = client.call("POST", "/v1/bulk", body=body, query=query, headers={"content-type": "text/csv"})
    assert (answer.status, answer.json()["code"]) == (422, "csv_not_utf8")


def test_a_quote_that_is_never_closed_does_not_send_the_rows_behind_it_to_one_person(client: ApiClient) -> None:
    body = {"session_id": client.session(), "text": "Hello {{name}}", "csv": 'to,name\n1,"Ada\n+4915112345611,Bob\n'}
    answer = client.post("/v1/bulk", body)
    assert (answer.status, answer.json()["code"]) == (422, "csv_invalid")


def test_the_line_by_which_excel_tells_the_separator_is_no_header(client: ApiClient, app: App) -> None:
    run = begin(client, client.session(), csv="sep=;\r\n" + FILE.replace("\n", "\r\n"))
    work_off(app)
    assert client.get(f"/v1/bulk/{run['id']}").json()["outcomes"]["accepted"] == 3
    results = client.get(f"/v1/bulk/{run['id']}/results").json()["results"]
    assert [row["line"] for row in results if row["code"] == "invalid_chat_id"] == [6]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"csv": "name\nAda\n"}, "csv", "csv_no_recipient"),
        ({"csv": "to,name\n"}, "csv", "csv_empty"),
        ({"csv": "to,a,a\n1,2,3\n"}, "csv", "csv_column_twice"),
        ({"text": "Hello {{nam}}"}, "text", "variable_unknown"),
        ({"text": None}, "text", "text_missing"),
        ({"recipients": [{"to": "+4915112345610"}]}, "recipients", "invalid_request"),
        ({"session_id": None}, "session_id", "invalid_request"),
        ({"session_id": "ses_" + "0" * 26}, "session_id", "session_not_found"),
    ],
)
def test_what_cannot_be_begun_is_refused_at_once(
    client: ApiClient, change: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post("/v1/bulk", {"session_id": client.session(), "text": "hi", "csv": FILE, **change})
    assert (answer.status in (404, 422), answer.code, answer.json()["field"]) == (True, code, field)


def test_a_repeated_request_begins_one_run(client: ApiClient, app: App) -> None:
    body = {"session_id": client.session(), "text": "hi", "csv": FILE}
    first, second = (client.post("/v1/bulk", body, key="k1").json() for _ in range(2))
    assert first["id"] == second["id"]
    assert [run["id"] for run in client.get("/v1/bulk").json()["runs"]] == [first["id"]]
    assert ApiClient().get(f"/v1/bulk/{first['id']}").status == 404
