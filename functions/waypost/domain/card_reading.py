"""Reading vCards (RFC 6350, and 2.1 as older phones write them) as far as names and phone numbers go."""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

_FOLD = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"=\r?\n")
_ESCAPED = re.compile(r"\\([\\,;:nN])")
_WAID = re.compile(r"[0-9]{5,20}")
MAX_NUMBERS = 50  # of one card; people have a handful


@dataclass(frozen=True, slots=True)
class Line:
    """`name` in capitals, without its group (`item1.TEL`); parameter names in capitals."""

    name: str
    parameters: dict[str, str]
    value: str


def name_in(vcard: str) -> str | None:
    """As it is shown (FN), else put together from its parts (N)."""
    lines = list(_lines(vcard))
    shown = next((line.value.strip() for line in lines if line.name == "FN"), "")
    if shown:
        return shown
    parts = next((line.value.split(";") for line in lines if line.name == "N"), [])
    family, given = [*parts, "", ""][:2]
    return " ".join(part.strip() for part in (given, family) if part.strip()) or None


def numbers_in(vcard: str) -> list[str]:
    """Each once, in the card's order: as `+` and digits where the card says so, or where WhatsApp names its own id
    (`waid`), else as it is written there."""
    found = [_number(line) for line in _lines(vcard) if line.name == "TEL"]
    return list(dict.fromkeys(number for number in found if number))[:MAX_NUMBERS]


def _number(line: Line) -> str:
    waid = line.parameters.get("WAID", "")
    if _WAID.fullmatch(waid):
        return f"+{waid}"
    written = line.value.removeprefix("tel:").strip()
    return "+" + re.sub(r"[^0-9]", "", written) if written.startswith("+") else written


def _lines(vcard: str) -> Iterator[Line]:
    quoted = "QUOTED-PRINTABLE" in vcard.upper()
    text = _SOFT_BREAK.sub("", vcard) if quoted else vcard
    for raw in _FOLD.sub("", text).splitlines():
        head, colon, value = raw.partition(":")
        if not colon:
            continue
        name, *given = head.split(";")
        parameters = _parameters(given)
        yield Line(name.rpartition(".")[2].strip().upper(), parameters, _plain(value, parameters))


def _parameters(given: list[str]) -> dict[str, str]:
    """Version 2.1 leaves the name of a parameter out."""
    named = (one.partition("=") for one in given)
    return {name.strip().upper(): value.strip().strip('"') for name, _, value in named}


def _plain(value: str, parameters: dict[str, str]) -> str:
    if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "").upper(), *parameters):
        value = quopri.decodestring(value.encode()).decode(errors="replace")
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
