"""Ids and addresses: one form for each thing, and nothing that a number could be read from."""

import os
import re
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.domain.addresses import Address, parse_address
from waypost.domain.ids import Kind, is_id, make_id, whatsapp_hex
from waypost.errors import ValidationError

KINDS = get_args(Kind)
digits = st.text("0123456789", min_size=1, max_size=25)


@given(kind=st.sampled_from(KINDS), entropy=st.binary(min_size=16, max_size=32))
def test_an_id_has_its_kind_and_26_letters(kind: Kind, entropy: bytes) -> None:
    made = make_id(kind, entropy)
    assert is_id(kind, made)
    assert len(made) == len(kind) + 27
    assert made == make_id(kind, entropy[:16])
    assert [other for other in KINDS if is_id(other, made)] == [kind]


@given(one=st.binary(min_size=16, max_size=16), two=st.binary(min_size=16, max_size=16))
def test_different_bytes_make_different_ids(one: bytes, two: bytes) -> None:
    assert (make_id("msg", one) == make_id("msg", two)) == (one == two)


@pytest.mark.parametrize("wrong", ["", "msg_", "msg_x", "MSG_" + "0" * 26, "msg_" + "i" * 26, "msg_" + "0" * 27])
def test_what_is_no_id(wrong: str) -> None:
    assert not is_id("msg", wrong)
    assert not is_id("msg", make_id("msg", bytes(16)) + "\n")


def test_the_whatsapp_id_has_whatsapps_form_and_repeats() -> None:
    ids = {whatsapp_hex(make_id("msg", os.urandom(16))) for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"3EB0[0-9A-F]{18}", each) for each in ids)
    assert whatsapp_hex("msg_x") == whatsapp_hex("msg_x")


numbers = st.from_regex(r"\+?[0-9]{5,16}(@(c\.us|lid|g\.us|s\.whatsapp\.net))?")


@given(text=st.one_of(st.text(max_size=40), digits, numbers))
@example("4915112345602\n@c.us")
@example("\u0664\u0669\u0661\u0665\u0661\u0661\u0662\u0663\u0664\u0665")  # digits of another script
@example("+")
@example("@c.us")
def test_whatever_is_read_is_canonical_and_reads_the_same_again(text: str) -> None:
    address = read(text)
    if address is None:
        with pytest.raises(ValidationError) as refused:
            parse_address(text)
        assert (refused.value.code, refused.value.field) == ("invalid_chat_id", "to")
        assert not set(re.findall(r"[0-9]{5,}", text)) & set(re.findall(r"[0-9]{5,}", refused.value.message))
        return
    assert re.fullmatch(r"[0-9]+(-[0-9]+)?@(c\.us|lid|g\.us)", address.chat_id, re.ASCII)
    assert parse_address(address.chat_id) == address


def read(text: str) -> Address | None:
    try:
        return parse_address(text)
    except ValidationError:
        return None


@pytest.mark.parametrize(
    ("text", "chat_id"),
    [
        ("+4915112345602", "4915112345602@c.us"),
        ("4915112345602", "4915112345602@c.us"),
        (" +49 151 12345602 ", "4915112345602@c.us"),
        ("+1 (202) 555-0123", "12025550123@c.us"),
        ("4915112345602@c.us", "4915112345602@c.us"),
        ("4915112345602@s.whatsapp.net", "4915112345602@c.us"),
        ("123456789012345@lid", "123456789012345@lid"),
        ("120363025246125486@g.us", "120363025246125486@g.us"),
        ("4915112345602-1400000000@g.us", "4915112345602-1400000000@g.us"),
    ],
)
def test_every_form_that_people_know(text: str, chat_id: str) -> None:
    assert parse_address(text).chat_id == chat_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0151123456",
        "00491511234560",
        "+49",
        "1" * 16,
        "x@c.us",
        "12345@newsletter",
        "status@broadcast",
        "1@g.us",
        "1@lid",
    ],
)
def test_what_cannot_be_a_chat(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_address(text, field="chat")
    assert (refused.value.code, refused.value.field) == ("invalid_chat_id", "chat")


def test_kinds_of_addresses() -> None:
    assert parse_address("123456789012345@lid") == Address("lid", "123456789012345")
    assert parse_address("120363025246125486@g.us").kind == "group"
