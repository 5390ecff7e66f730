"""Templates are filled in without code: whatever the values say, they are values."""

import contextlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.domain.formats import amount_in, day_in, number_in
from waypost.domain.template import Draft, check_draft, render
from waypost.domain.variables import Variable, VariableType
from waypost.errors import ValidationError

NAMES = st.sampled_from(["a", "name", "day_2", "x_y_z", "other"])
PLAIN = st.text(st.sampled_from("aé漢 !%$€{}<>0_"), min_size=1, max_size=12).filter(str.strip)
PIECES = st.text(st.sampled_from("aé漢 !%$€<>0_\n"), min_size=1, max_size=12).filter(str.strip)


def refused(variable: Variable, value: Any, language: str = "en") -> tuple[str, str | None]:
    with pytest.raises(ValidationError) as error:
        render(Draft("{{it}}", {"it": variable}), {"it": value}, language)
    assert error.value.mend
    return error.value.code, error.value.field


@settings(max_examples=50)
@given(st.lists(st.tuples(PIECES, NAMES), max_size=6), st.dictionaries(NAMES, PLAIN, max_size=6), PIECES)
def test_every_place_gets_its_value_and_the_rest_stays(
    parts: list[tuple[str, str]], extra: dict[str, str], end: str
) -> None:
    """Also where a value looks like a place, a format or code."""
    values = {name: extra.get(name, "{{other}} {0} ${x} {% raise %}") for _, name in parts}
    body = "".join(f"{text}{{{{{name}}}}}" for text, name in parts) + end
    draft = Draft(body, {name: Variable() for name in values})
    check_draft(draft)
    assert render(draft, values, "en") == "".join(f"{text}{values[name]}" for text, name in parts) + end


@given(st.text(max_size=60))
def test_a_value_brings_no_line_and_nothing_unseen(value: str) -> None:
    text = ""
    with contextlib.suppress(ValidationError):
        text = render(Draft("<{{it}}>", {"it": Variable()}), {"it": value}, "en")
    assert text in ("", f"<{value}>")
    assert len(text.splitlines()) <= 1


@pytest.mark.parametrize("value", ["one\ntwo", "tab\there", "\u202eevil", "bell\x07", "\ud800", "", "  ", "x" * 257])
def test_what_a_line_cannot_hold_is_refused(value: str) -> None:
    assert refused(Variable(), value) == ("variable_out_of_limits", "template.variables.it")


def test_joined_emoji_and_wanted_lines_are_fine() -> None:
    for value in ("👩🏽‍🚀", "می‌خواهم", "a\nb"):
        variable = Variable(multiline="\n" in value)
        assert render(Draft("{{it}}", {"it": variable}), {"it": value}, "en") == value


@pytest.mark.parametrize(
    ("kind", "value", "language", "expected"),
    [
        ("number", 1234567, "en", "1,234,567"),
        ("number", "1234.50", "de", "1.234,50"),
        ("number", 0.5, "fr-CA", "0,5"),
        ("number", "-12", "xx", "-12"),
        ("currency", "1234.50 EUR", "de-AT", "1.234,50\u00a0EUR"),
        ("currency", "99 JPY", "ja", "99\u00a0JPY"),
        ("date", "2026-11-22", "de", "22.11.2026"),
        ("date", "2026-11-22", "en-US", "11/22/2026"),
        ("date", "2026-11-22", "en", "2026-11-22"),
        ("url", "https://example.com/a?b=c#d", "en", "https://example.com/a?b=c#d"),
    ],
)
def test_each_type_is_written_as_the_language_does(
    kind: VariableType, value: Any, language: str, expected: str
) -> None:
    assert render(Draft("{{it}}", {"it": Variable(kind)}), {"it": value}, language) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 5), ("number", "twelve"), ("number", True), ("number", "1e9"), ("number", "1,5"), ("number", 1e30),
        ("currency", "12.50"), ("currency", "EUR 12"), ("currency", 12), ("date", "22.11.2026"), ("date", "2026-13-01"),
        ("date", "2026-W01-1"), ("date", 20261122), ("url", "javascript:alert(1)"), ("url", "https://u:p@example.com"),
        ("url", "example.com"), ("url", "https://ex ample.com"), ("url", "https://[bad"), ("url", 5),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(kind: VariableType, value: Any) -> None:
    assert refused(Variable(kind), value) == ("variable_wrong_type", "template.variables.it")


def test_limits_hold() -> None:
    assert refused(Variable("number", minimum=1, maximum=5), 0)[0] == "variable_out_of_limits"
    assert refused(Variable("currency", maximum=5), "5.01 EUR")[0] == "variable_out_of_limits"
    assert refused(Variable("url", max_length=12), "https://example.com")[0] == "variable_out_of_limits"


def test_missing_and_unknown_variables_are_named() -> None:
    draft = Draft("{{a}} {{b}}", {"a": Variable(), "b": Variable()})
    for values, code, field in (
        ({"a": "x"}, "variable_missing", "template.variables.b"),
        ({"a": "x", "b": None}, "variable_missing", "template.variables.b"),
        ({"a": "x", "b": "y", "c": "z"}, "variable_unknown", "template.variables.c"),
        ({"a": "x", "b": "y", "+49 151": "z"}, "variable_unknown", "template.variables"),
    ):
        with pytest.raises(ValidationError) as error:
            render(draft, values, "en")
        assert (error.value.code, error.value.field) == (code, field)


@pytest.mark.parametrize(
    ("body", "variables", "code"),
    [
        ("Hello {{name}}", (), "variable_not_declared"),
        ("Hello", ("name",), "variable_not_used"),
        ("Hello {{Name}}", (), "template_braces"),
        ("Hello {{name", ("name",), "template_braces"),
        ("Hello {{{{name}}}}", ("name",), "template_braces"),
        ("{{ name.__class__ }}", (), "template_braces"),
        ("  ", (), "template_too_long"),
        ("x" * 4097, (), "template_too_long"),
    ],
)
def test_a_draft_from_which_nothing_can_be_made_is_refused(body: str, variables: tuple[str, ...], code: str) -> None:
    with pytest.raises(ValidationError) as error:
        check_draft(Draft(body, {name: Variable() for name in variables}))
    assert (error.value.code, bool(error.value.field), bool(error.value.mend)) == (code, True, True)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["en", "de", "fr", "sv", "zh", "de-CH", "xx"]))
def test_a_number_keeps_its_digits(value: Decimal, language: str) -> None:
    written = number_in(language, value)
    assert [one for one in written if one.isdigit()] == [one for one in f"{value:f}" if one.isdigit()]
    assert amount_in(language, value, "EUR").endswith("EUR")


@given(st.dates(date(1, 1, 1)), st.sampled_from(["en", "de", "en-US", "hu", "ja", "nl", "xx"]))
def test_a_day_keeps_its_figures(day: date, language: str) -> None:
    written = day_in(language, day)
    assert all(part in written for part in (f"{day.year:04d}", f"{day.month:02d}", f"{day.day:02d}"))
