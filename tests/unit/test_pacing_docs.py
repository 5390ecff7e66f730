"""docs/pacing.md shows every limit, budget and delay as it is."""

import re
from dataclasses import fields
from pathlib import Path

from waypost.domain.care import NO_SETTINGS, RELAXED, STRICT, Care

DOCS = Path(__file__).resolve().parents[2] / "docs/pacing.md"
HOURS = ("pacing.open_from", "pacing.open_until")


def shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f"{day}: {most}" for day, most in value)
    if value is None:
        return "always" if name in HOURS else "off"
    return str(value)


def settings_of(care: Care) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in ("limits", "first_contact", "pacing"):
        values = getattr(care, part)
        for one in fields(values):
            if one.name not in NO_SETTINGS:
                found[f"{part}.{one.name}"] = shown(f"{part}.{one.name}", getattr(values, one.name))
    return {**found, "longest_wait_ms": str(care.longest_wait_ms)}


def test_the_table_in_the_docs_is_what_the_code_does() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", DOCS.read_text(), flags=re.MULTILINE)
    strict, relaxed = settings_of(STRICT), settings_of(RELAXED)
    assert rows == [(name, strict[name], relaxed[name]) for name in strict]
