"""How a profile is cut and sealed for its way over: AES-256-GCM in parts, each bound to its place and to their number,
so that none can be left out, doubled or moved. The key is used for one handover alone, so a count is a safe nonce."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from waypost.errors import ValidationError


def cut(data: bytes, *, key: bytes, session: str, epoch: int, part_bytes: int) -> list[bytes]:
    pieces = [data[at : at + part_bytes] for at in range(0, max(len(data), 1), part_bytes)]
    cipher, count = AESGCM(key), len(pieces)
    return [
        cipher.encrypt(number.to_bytes(12), piece, _place(session, epoch, number, count))
        for number, piece in enumerate(pieces, start=1)
    ]


def join(parts: Sequence[bytes], *, key: bytes, session: str, epoch: int) -> bytes:
    """Raises ValidationError `handover_tampered`."""
    cipher, count = AESGCM(key), len(parts)
    if not parts:
        raise ValidationError("There is not a single part.", code="handover_tampered")
    try:
        opened = [
            cipher.decrypt(number.to_bytes(12), part, _place(session, epoch, number, count))
            for number, part in enumerate(parts, start=1)
        ]
    except (InvalidTag, ValueError):
        raise ValidationError("A part fails its integrity check.", code="handover_tampered") from None
    return b"".join(opened)


def _place(session: str, epoch: int, number: int, count: int) -> bytes:
    return f"{session}/{epoch}/{number}/{count}".encode()
