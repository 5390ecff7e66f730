"""What places of the drop mean, what notes may say, and what is never taken for a file to be sent."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.domain.addresses import parse_address
from waypost.domain.drop_notes import FIELDS, MAX_BYTES, note_in, read_note
from waypost.domain.drops import is_never_sent, noted_file, read_place, rejected_place
from waypost.domain.media_names import MAX_NAME, plain_name
from waypost.domain.media_refusals import REFUSALS
from waypost.domain.wanted import Template, Wanted
from waypost.errors import ValidationError

ROOT = Path(__file__).resolve().parents[2]
SESSION = "ses_" + "0" * 26
TO = parse_address("+4915112345602")


@pytest.mark.parametrize(
    ("chat", "means"),
    [
        ("4915112345602@c.us", "4915112345602@c.us"),
        ("%2B4915112345602", "+4915112345602"),
        ("+49 151 12345602", "+49 151 12345602"),
        ("123456789-987654321%40g.us", "123456789-987654321@g.us"),
        ("con_" + "0" * 26, "con_" + "0" * 26),
    ],
)
def test_a_chat_may_be_percent_encoded(chat: str, means: str) -> None:
    place = read_place(f"drop/{SESSION}/{chat}/Bär 100%.pdf")
    assert (place.session, place.chat, place.name) == (SESSION, means, "Bär 100%.pdf")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("drop/photo.jpg", "drop_place"),
        (f"drop/{SESSION}/photo.jpg", "drop_place"),
        (f"drop//{SESSION}/photo.jpg", "drop_place"),
        (f"elsewhere/{SESSION}/1/photo.jpg", "drop_place"),
        (f"drop/{SESSION}/+4915112345602/holiday/photo.jpg", "drop_folder"),
        ("drop/+4915112345602/+4915112345602/photo.jpg", "session_not_found"),
        (f"drop/{SESSION}/+4915112345602/\udcff.jpg", "drop_name"),
    ],
)
def test_what_is_no_place_says_so_without_repeating_it(key: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_place(key)
    assert (caught.value.code, bool(caught.value.mend)) == (code, True)
    assert "4915112345602" not in f"{caught.value.message}{caught.value.mend}"


@pytest.mark.parametrize(
    ("name", "never"),
    [
        (".DS_Store", True), ("._photo.jpg", True), ("Thumbs.db", True), ("desktop.ini", True), ("~$letter.docx", True),
        ("film.mp4.part", True), ("film.mp4.crdownload", True), ("a.tmp", True), ("a.txt~", True), (".a.swp", True),
        ("", True), ("photo.jpg", False), ("part", False), ("a.party.jpg", False), ("~a.txt", False),
    ],
)  # fmt: skip
def test_what_systems_leave_behind_is_never_sent(name: str, never: bool) -> None:
    assert is_never_sent(f"drop/{SESSION}/chat/{name}") is never


def test_a_note_is_about_the_file_whose_name_it_carries() -> None:
    assert noted_file("drop/s/c/a.jpg.json") == "drop/s/c/a.jpg"
    assert noted_file("drop/s/c/a.jpg") is None
    assert noted_file("drop/s/c/.json") is None


def test_refused_files_of_one_name_lie_beside_each_other() -> None:
    key = "drop/s/c/a.b.jpg"
    assert [rejected_place(key, n) for n in (1, 2)] == ["rejected/s/c/a.b.jpg", "rejected/s/c/a.b-2.jpg"]
    assert rejected_place("drop/s/c/name", 3) == "rejected/s/c/name-3"


def test_a_note_says_what_a_message_of_the_api_says() -> None:
    note = read_note(
        json.dumps(
            {
                "caption": "For @4915112345602", "lane": "bulk", "reply_to": "msg_1",
                "kind": "document", "filename": "Rechnung.pdf", "view_once": True, "purpose": "x",
                "send_at": "2026-12-24T18:00:00Z", "mentions": ["4915112345602@c.us"], "expires_at": None,
            }
        ).encode()
    )  # fmt: skip
    wanted = note.applied(Wanted(TO, kind="media"), "med_1", "scan.pdf")
    assert wanted.content == {
        "media": "med_1", "text": "For @4915112345602", "filename": "Rechnung.pdf", "as": "document", "view_once": True,
    }  # fmt: skip
    assert (wanted.lane, wanted.reply_to, wanted.purpose, wanted.expires_ms) == ("bulk", "msg_1", "x", 0)
    assert (wanted.send_at_ms, wanted.mentions) == (1798135200000, (TO,))


def test_a_file_without_a_note_goes_by_its_own_name() -> None:
    wanted = read_note(b"{}").applied(Wanted(TO, kind="media"), "med_1", "scan.pdf")
    assert wanted.content == {"media": "med_1", "text": "", "filename": "scan.pdf"}
    assert wanted.lane == "interactive"


def test_metadata_says_the_same_and_a_note_counts_more() -> None:
    said = note_in(
        {
            "caption": "From afar", "reply-to": "msg_1", "template": "hello", "template-language": "de",
            "template-version": "2", "template-variables": '{"name": "Grace"}', "view-once": "true",
            "s3cmd-attrs": "uid:1000", "mtime": "1",
        }
    )  # fmt: skip
    assert said.said == {
        "caption": "From afar",
        "reply_to": "msg_1",
        "view_once": True,
        "template": {"name": "hello", "language": "de", "version": 2, "variables": {"name": "Grace"}},
    }
    both = read_note(b'{"text": "From near", "lane": "bulk"}').over(said)
    assert (both.said["caption"], both.said["lane"], both.said["reply_to"]) == ("From near", "bulk", "msg_1")


def test_a_template_may_be_named_alone() -> None:
    wanted = read_note(b'{"template": "hello"}').applied(Wanted(TO), "med_1", "a")
    assert wanted.template == Template("hello")


@pytest.mark.parametrize(
    ("note", "field"),
    [
        (b"", "line 1, column 1"),
        (b'{"caption":\n "x" y}', "line 2, column 6"),
        (b"[]", "json"),
        (b"\xff\xfe{}", "json"),
        (b"[" * 50_000, "json"),
        (b"9" * 5000, "json"),
        (b" " * (MAX_BYTES + 1), "json"),
        (b'{"captoin": "x"}', "captoin"),
        (b'{"+4915112345602 is my number and this is a long name": 1}', "json"),
        (b'{"caption": 5}', "caption"),
        (b'{"caption": " "}', "caption"),
        (b'{"caption": "a", "text": "b"}', "text"),
        (b'{"lane": "fast"}', "lane"),
        (b'{"kind": "poster"}', "kind"),
        (b'{"view_once": "yes"}', "view_once"),
        (b'{"mentions": "x"}', "mentions"),
        (b'{"purpose": "A B"}', "purpose"),
        (b'{"template": 5}', "template"),
        (b'{"template": {"name": "x", "colour": 1}}', "template"),
        (b'{"template": {"name": "x", "version": "2"}}', "template.version"),
        (b'{"template": {"name": "x", "variables": {"a": []}}}', "template.variables"),
    ],
)
def test_a_note_that_is_wrong_says_where_and_how_to_mend_it(note: bytes, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_note(note)
    assert (caught.value.code, caught.value.field) == ("drop_note_invalid", field)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("note", "code"),
    [
        (b'{"caption": "a", "template": "b"}', "drop_note_invalid"),
        (b'{"send_at": "tomorrow"}', "time_invalid"),
        (b'{"mentions": ["nobody"]}', "invalid_chat_id"),
    ],
)
def test_what_does_not_fit_together_is_wrong_too(note: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_note(note).applied(Wanted(TO), "med_1", "a")
    assert caught.value.code == code


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5)


@given(st.binary(max_size=200) | st.dictionaries(st.text(), JSON).map(lambda value: json.dumps(value).encode()))
def test_whatever_a_note_holds_it_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValidationError):
        read_note(data)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("a.pdf", "a.pdf"), ("../../etc/passwd", "passwd"),
        ("c:\\temp\\b.doc", "b.doc"), ("x\u202egnp.exe", "xgnp.exe"),
        ("a\nb\0.txt", "ab.txt"), ("..", None), ("", None), (None, None), ("\u00e4" * 400 + ".jpeg", None),
    ],
)  # fmt: skip
def test_a_name_from_elsewhere_is_cleaned(given_name: Any, shown: str | None) -> None:
    cleaned = plain_name(given_name)
    if given_name is not None and len(given_name) > 300:
        assert cleaned is not None
        assert (len(cleaned), cleaned[-5:]) == (MAX_NAME, ".jpeg")
    else:
        assert cleaned == shown


def test_the_docs_name_every_field_and_every_code() -> None:
    docs = (ROOT / "docs/drop.md").read_text()
    rules = "".join(path.read_text() for path in (ROOT / "functions/waypost").rglob("*drop*.py"))
    codes = set(re.findall(r'"(drop_(?:place|folder|name|note|unreadable)[a-z_]*)"', rules)) | {
        code for code in REFUSALS if code.startswith("url_")
    }
    for name in (*codes, *FIELDS):
        assert f"`{name}`" in docs, name
