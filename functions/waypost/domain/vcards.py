"""A card for somebody's address book, in the form that WhatsApp's own clients send (vCard 3.0, RFC 2426)."""

from collections.abc import Sequence


def vcard(name: str, phones: Sequence[str], *, organization: str | None = None, email: str | None = None) -> str:
    """`phones` are the digits of international numbers. `waid` lets the receiver write to the person at once."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{_escaped(name)};;;", f"FN:{_escaped(name)}"]
    if organization:
        lines.append(f"ORG:{_escaped(organization)};")
    lines += [f"TEL;type=CELL;type=VOICE;waid={digits}:+{digits}" for digits in phones]
    if email:
        lines.append(f"EMAIL:{_escaped(email)}")
    return "\n".join([*lines, "END:VCARD"])


def _escaped(text: str) -> str:
    """RFC 2426, section 5: what has a meaning of its own, and line ends, which could begin a property."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text
