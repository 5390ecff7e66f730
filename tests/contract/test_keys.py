"""The Keys port: data keys bound to their context, and MACs apart by purpose."""

import pytest

from waypost.errors import Tampered
from waypost.ports import Engine

CONTEXT = {"contact": "c1", "tenant": "t1"}


def test_a_data_key_unwraps_to_itself(engine: Engine) -> None:
    key = engine.keys.generate_data_key(CONTEXT)
    assert len(key.plain) == 32
    assert key.plain not in key.wrapped
    assert engine.keys.unwrap(key.wrapped, CONTEXT) == key.plain
    assert engine.keys.unwrap(key.wrapped, dict(reversed(CONTEXT.items()))) == key.plain


def test_every_data_key_is_another(engine: Engine) -> None:
    keys = [engine.keys.generate_data_key(CONTEXT) for _ in range(5)]
    assert len({key.plain for key in keys}) == len({key.wrapped for key in keys}) == 5


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"contact": "c1"},
        {"contact": "c2", "tenant": "t1"},
        {**CONTEXT, "more": ""},
        {"contact": "t1", "tenant": "c1"},
    ],
    ids=str,
)
def test_another_context_does_not_unwrap(engine: Engine, context: dict[str, str]) -> None:
    key = engine.keys.generate_data_key(CONTEXT)
    with pytest.raises(Tampered):
        engine.keys.unwrap(key.wrapped, context)


def test_an_altered_wrapped_key_does_not_unwrap(engine: Engine) -> None:
    wrapped = engine.keys.generate_data_key(CONTEXT).wrapped
    for position in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[position] ^= 1
        with pytest.raises(Tampered):
            engine.keys.unwrap(bytes(altered), CONTEXT)
    for altered_length in (b"", wrapped[:-1], wrapped + b"\0"):
        with pytest.raises(Tampered):
            engine.keys.unwrap(altered_length, CONTEXT)


def test_a_mac_is_stable_and_apart_by_purpose_and_data(engine: Engine) -> None:
    mac = engine.keys.mac("phone", b"data")
    assert len(mac) == 32
    assert engine.keys.mac("phone", b"data") == mac
    assert engine.keys.mac("token", b"data") != mac
    assert engine.keys.mac("phone", b"Data") != mac
    assert engine.keys.mac("phonedata", b"") != mac
