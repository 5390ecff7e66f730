"""What comes in, typed: kinds, places, cards, polls, and what a file's first bytes say of it."""

import pytest

from waypost.domain.card_reading import name_in, numbers_in
from waypost.domain.content_shown import parts_of
from waypost.domain.file_marks import may_be_shown, type_of
from waypost.domain.received import FINAL, RETRY_SECONDS, seconds_before_try
from waypost.domain.received_content import content_of, kind_of

CARD = """BEGIN:VCARD\r
VERSION:3.0\r
N:Hopper;Grace;;;\r
FN:Grace Hopper\\, Rear\r
  Admiral\r
item1.TEL;waid=4915112345602:+49 151 1234 5602\r
item1.X-ABLabel:Mobile\r
TEL;TYPE=CELL;TYPE=VOICE:+1 (555) 010-99\r
TEL;type=WORK:0800 123\r
TEL;waid=4915112345602:again\r
END:VCARD"""
OLD_CARD = (
    "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\n=C3=BCrgen;;;\n"
    "TEL;CELL:+49 1\nEND:VCARD"
)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (("chat",), "text"), (("ptt",), "voice"), (("ptv",), "video_note"), (("vcard",), "contact"),
        (("multi_vcard",), "contact"), (("poll_creation",), "poll"), (("sticker",), "sticker"), (("image",), "image"),
        (("order",), "order"),
    ],
)  # fmt: skip
def test_whatsapps_kinds_have_our_names(said: tuple[str], kind: str) -> None:
    assert kind_of(*said) == kind


def test_a_film_that_plays_by_itself_and_a_place_that_moves_are_kinds_of_their_own() -> None:
    assert (kind_of("video", gif=True), kind_of("video")) == ("gif", "video")
    assert (kind_of("location", live=True), kind_of("location")) == ("live_location", "location")


def test_a_card_is_read_with_its_folds_groups_and_escapes() -> None:
    assert name_in(CARD) == "Grace Hopper, Rear Admiral"
    assert numbers_in(CARD) == ["+4915112345602", "+155501099", "0800 123"]


def test_an_old_phones_card_is_read() -> None:
    assert (name_in(OLD_CARD), numbers_in(OLD_CARD)) == ("Jürgen Müller", ["+491"])


@pytest.mark.parametrize("broken", ["", "BEGIN:VCARD", "TEL", ":", "TEL;=;;:", "N:\nFN:\nTEL;waid=x:", "\n \n:"])
def test_a_broken_card_has_no_numbers_and_breaks_nothing(broken: str) -> None:
    assert (name_in(broken), numbers_in(broken)) == (None, [])


def test_cards_are_kept_whole_and_shown_with_their_numbers() -> None:
    content = content_of({"cards": [{"name": None, "vcard": CARD}]})
    assert content == {"contacts": [{"name": "Grace Hopper, Rear Admiral", "vcard": CARD}]}
    [card] = parts_of("contact", content)["contacts"]
    assert (card["numbers"][0], card["vcard"]) == ("+4915112345602", CARD)


def test_places_and_polls_keep_what_is_known_of_them() -> None:
    place = {"latitude": 52.5, "longitude": 13.4, "name": "Gate", "address": None, "url": None, "live": False}
    content = content_of({"place": {**place, "accuracy_m": 5}})
    assert content == {"latitude": 52.5, "longitude": 13.4, "name": "Gate"}
    assert parts_of("location", content) == {"location": content}
    assert parts_of("location", {"text": None}) == {}  # it was taken back
    live = content_of({"place": {**place, "live": True, "accuracy_m": 5, "sequence": 2}})
    assert parts_of("live_location", live)["location"]["accuracy_m"] == 5
    poll = content_of({"poll": {"question": "When?", "options": ["now", "later"], "selectable": 0}})
    assert parts_of("poll", poll) == {"poll": {"question": "When?", "options": ["now", "later"], "selectable": 0}}


@pytest.mark.parametrize(
    ("head", "claim", "found"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/jpeg", "image/png"),
        (b"%PDF-1.7", "image/jpeg", "application/pdf"),
        (b"<html><script>", "image/png", "application/octet-stream"),
        (b"<html><script>", "text/html; charset=utf-8", "text/html"),
        (b"OggS", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"\0\0\0\x20ftypisom", "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x20ftypisom", "image/png", "video/mp4"),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"\x00\x01", "no type\r\nX-Evil: 1", "application/octet-stream"),
        (b"", "video/mp4", "video/mp4"),
        (b"", None, "application/octet-stream"),
    ],
)
def test_the_type_is_whatsapps_unless_the_bytes_say_another(head: bytes, claim: str | None, found: str) -> None:
    assert type_of(head, claim) == found


def test_browsers_show_only_what_runs_no_script() -> None:
    assert may_be_shown("image/jpeg")
    assert not [mime for mime in ("image/svg+xml", "text/html", "application/pdf", "text/plain") if may_be_shown(mime)]


def test_patience_grows_and_ends() -> None:
    waits = [seconds_before_try(attempts, "media_gone") for attempts in range(1, 8)]
    assert waits == [*RETRY_SECONDS, None, None]
    assert {seconds_before_try(1, code) for code in FINAL} == {None}
