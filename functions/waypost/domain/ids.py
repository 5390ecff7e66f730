"""Opaque ids: what our keys, queue groups, object names, paths and logs carry in place of numbers (P6).

An id is a kind and 26 lower-case letters and digits of Crockford's alphabet: `msg_01h…`. It tells nothing but its kind.
"""

import hashlib
import re
from typing import Literal

Kind = Literal["ten", "key", "ses", "con", "msg", "whk", "wrk", "cmd", "blk", "pol", "med", "drp"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SHAPE = re.compile(r"(ten|key|ses|con|msg|whk|wrk|cmd|blk|pol|med|drp)_[0-9a-hjkmnp-tv-z]{26}")


def make_id(kind: Kind, entropy: bytes) -> str:
    """Format an id from 16 bytes that are random, or derived so that a retried request makes the same id."""
    number = int.from_bytes(entropy[:16])
    letters = []
    for _ in range(26):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{kind}_{''.join(reversed(letters))}"


def is_id(kind: Kind, text: str) -> bool:
    match = _SHAPE.fullmatch(text)
    return match is not None and match[1] == kind


def whatsapp_hex(message_id: str) -> str:
    """The hex part of the WhatsApp message id of one of our messages (P2): always the same for the same message.

    WhatsApp Web's own ids are `3EB0` and 18 capital hex digits (whatsapp-web-contract.md, section 3, `newId`).
    """
    return "3EB0" + hashlib.sha256(message_id.encode()).hexdigest()[:18].upper()
