"""What a message holds beside its text, as the page tells it. Names, places and cards stay out of `repr`."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from containers.worker.naming import Person, Target

type Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as WhatsApp describes it before it is loaded: nothing of it is certain yet. `sha256` is in hex.

    `on_phone_only`: it may be seen once, and WhatsApp gave it to the phone alone."""

    mime: str | None = None
    size: int | None = None
    sha256: str | None = None
    filename: str | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    gif: bool = False
    view_once: bool = False
    on_phone_only: bool = False


@dataclass(frozen=True, slots=True)
class VoteSeen:
    """What somebody chose in a poll; `options` are the options' words, none: the vote was taken back. `t` is
    WhatsApp's time of it, in a unit that only grows."""

    target: Target
    options: tuple[str, ...] = field(repr=False)
    mine: bool
    by: Person | None
    t: int


def read_file(plain: Plain | None) -> FileSeen | None:
    if plain is None:
        return None
    rest = {name: value for name, value in plain.items() if name != "hash"}
    return FileSeen(sha256=_hex(plain.get("hash")), **rest)


def _hex(hash_: str | None) -> str | None:
    """WhatsApp writes hashes in base64. What is none is as good as nothing."""
    try:
        raw = base64.b64decode(hash_ or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 32 else None
