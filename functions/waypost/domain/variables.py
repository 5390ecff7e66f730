"""A template's variables: of which type each is, what may stand for it, and how it is written out.

    text      one line, unless `multiline`; at most `max_length` characters (256)
    number    12, "12.50"; not below `minimum`, not above `maximum`
    currency  "12.50 EUR"; the same limits
    date      "2026-11-22"
    url       http(s), with a host and without a password; at most `max_length` characters (1024)

A value is data and nothing else: it is not looked at for placeholders, and no control character gets through.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import urlsplit

from waypost.domain.formats import amount_in, day_in, number_in
from waypost.errors import ValidationError

VariableType = Literal["text", "number", "currency", "date", "url"]
MAX_LENGTH = 1024
_USUAL = {"text": 256, "url": MAX_LENGTH}
_JOINERS = "\u200c\u200d"  # words of Persian and composed emoji need them; they show nothing by themselves
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_AMOUNT = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,6})?) ([A-Z]{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Variable:
    """None: the type's usual limit, or none."""

    type: VariableType = "text"
    max_length: int | None = None
    multiline: bool = False
    minimum: int | None = None
    maximum: int | None = None


def write_out(variable: Variable, value: Any, language: str, *, field: str) -> str:
    """The value as the message has it. Raises ValidationError `variable_wrong_type` or `variable_out_of_limits`."""
    return _WRITERS[variable.type](variable, value, language, field)


def _text(variable: Variable, value: Any, _language: str, field: str) -> str:
    given = _of_length(variable, value, field)
    allowed = _JOINERS + ("\n" if variable.multiline else "")
    if not all(one.isprintable() or one in allowed for one in given):
        raise _limits(
            field, "It holds a line break or a character that cannot be seen.", "Give plain text of one line."
        )
    return given


def _url(variable: Variable, value: Any, _language: str, field: str) -> str:
    given = _of_length(variable, value, field)
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        usable = False
    if not usable or not given.isprintable() or " " in given:
        raise _wrong(field, "an address such as https://example.com/parcel")
    return given


def _number(variable: Variable, value: Any, language: str, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not _NUMBER.fullmatch(str(value)):
        raise _wrong(field, 'a number such as 12 or "12.50"')
    return number_in(language, _in_limits(variable, str(value), field))


def _currency(variable: Variable, value: Any, language: str, field: str) -> str:
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong(field, 'an amount and its currency, such as "12.50 EUR"')
    return amount_in(language, _in_limits(variable, match[1], field), match[2])


def _date(_variable: Variable, value: Any, language: str, field: str) -> str:
    try:
        return day_in(language, date.fromisoformat(value if _DAY.fullmatch(value) else ""))
    except (TypeError, ValueError):
        raise _wrong(field, 'a day such as "2026-11-22"') from None


_WRITERS: dict[VariableType, Callable[[Variable, Any, str, str], str]] = {
    "text": _text, "url": _url, "number": _number, "currency": _currency, "date": _date,
}  # fmt: skip


def _of_length(variable: Variable, value: Any, field: str) -> str:
    longest = variable.max_length or _USUAL[variable.type]
    if not isinstance(value, str):
        raise _wrong(field, "text")
    if not value.strip():
        raise _limits(field, "It is empty.", "Give at least one character.")
    if len(value) > longest:
        raise _limits(field, f"It has {len(value)} characters.", f"Give at most {longest}.")
    return value


def _in_limits(variable: Variable, text: str, field: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _wrong(field, "a number") from None
    if variable.minimum is not None and value < variable.minimum:
        raise _limits(field, "It is too small.", f"Give at least {variable.minimum}.")
    if variable.maximum is not None and value > variable.maximum:
        raise _limits(field, "It is too large.", f"Give at most {variable.maximum}.")
    return value


def _wrong(field: str, wanted: str) -> ValidationError:
    return ValidationError(
        "This variable is of another type.", field=field, mend=f"Give {wanted}.", code="variable_wrong_type"
    )


def _limits(field: str, message: str, mend: str) -> ValidationError:
    return ValidationError(message, field=field, mend=mend, code="variable_out_of_limits")
