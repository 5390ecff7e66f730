"""How numbers, amounts and days are written in a language, as far as templates need it.

Numbers: the separator of thousands, the decimal mark. Days: in figures, in the language's own order; where that order
is ambiguous or not in the table, as ISO 8601 has it. Amounts keep the code of their currency: a sign may mean several.
"""

from datetime import date
from decimal import Decimal

_NARROW = "\u202f"  # a narrow space that does not break
_DEFAULT = (",", ".", "{y:04d}-{m:02d}-{d:02d}")
_POINTS = (".", ",", "{d:02d}.{m:02d}.{y:04d}")
_SPACED = (_NARROW, ",", "{d:02d}.{m:02d}.{y:04d}")
_SLASHED = (".", ",", "{d:02d}/{m:02d}/{y:04d}")
_EAST = (",", ".", "{y:04d}/{m:02d}/{d:02d}")

# Source: Unicode's CLDR, the short forms of 2025.
_FORMS: dict[str, tuple[str, str, str]] = {
    "en-us": (",", ".", "{m:02d}/{d:02d}/{y:04d}"), "en-gb": (",", ".", "{d:02d}/{m:02d}/{y:04d}"),
    "en-au": (",", ".", "{d:02d}/{m:02d}/{y:04d}"), "en-in": (",", ".", "{d:02d}/{m:02d}/{y:04d}"),
    "de": _POINTS, "da": _POINTS, "tr": _POINTS, "ro": _POINTS, "hr": _POINTS, "sr": _POINTS,
    "de-ch": ("’", ".", "{d:02d}.{m:02d}.{y:04d}"),  # noqa: RUF001  # the sign that is used there
    "fi": _SPACED, "nb": _SPACED, "no": _SPACED, "pl": _SPACED, "cs": _SPACED, "sk": _SPACED, "bg": _SPACED,
    "ru": _SPACED, "uk": _SPACED, "sv": (_NARROW, ",", "{y:04d}-{m:02d}-{d:02d}"),
    "hu": (_NARROW, ",", "{y:04d}. {m:02d}. {d:02d}."), "fr": (_NARROW, ",", "{d:02d}/{m:02d}/{y:04d}"),
    "es": _SLASHED, "it": _SLASHED, "pt": _SLASHED, "el": _SLASHED, "id": _SLASHED, "vi": _SLASHED,
    "es-mx": (",", ".", "{d:02d}/{m:02d}/{y:04d}"), "nl": (".", ",", "{d:02d}-{m:02d}-{y:04d}"),
    "he": (",", ".", "{d:02d}.{m:02d}.{y:04d}"), "th": (",", ".", "{d:02d}/{m:02d}/{y:04d}"),
    "ja": _EAST, "zh": _EAST, "ko": (",", ".", "{y:04d}. {m:02d}. {d:02d}."),
}  # fmt: skip


def number_in(language: str, value: Decimal) -> str:
    """With the digits behind the mark that it was given with."""
    thousands, mark, _ = _forms(language)
    return f"{value:,f}".translate({ord(","): thousands, ord("."): mark})


def amount_in(language: str, value: Decimal, code: str) -> str:
    return f"{number_in(language, value)}\u00a0{code}"


def day_in(language: str, day: date) -> str:
    return _forms(language)[2].format(y=day.year, m=day.month, d=day.day)


def _forms(language: str) -> tuple[str, str, str]:
    """Of the language with its region, else without, else ISO's."""
    tag = language.lower()
    return _FORMS.get(tag) or _FORMS.get(tag.partition("-")[0]) or _DEFAULT
