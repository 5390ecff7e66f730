"""Large bytes sealed in pieces, so that they can be opened as a stream, and each piece is checked before it is used.

    version (1 byte) · prefix (7, random) · pieces of 1 MiB, each with its tag of 16 bytes

AES-256-GCM. The nonce of a piece is the prefix, the piece's number (4 bytes) and whether it is the last (1 byte), so
that pieces can be neither moved, left out nor cut off at the end: the STREAM construction of Hoang, Reyhanitabar,
Rogaway and Vizár (2015). What the bytes are for is bound by the additional data.
"""

import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from waypost.errors import Tampered

KEY_BYTES = 32
PIECE = 1024 * 1024
_VERSION = b"\x01"
_PREFIX, _TAG = 7, 16
_HEAD = len(_VERSION) + _PREFIX


def new_key() -> bytes:
    return AESGCM.generate_key(KEY_BYTES * 8)


def sealed(key: bytes, purpose: str, data: bytes) -> bytes:
    """`key` seals one thing only, or few: prefixes are random."""
    cipher, prefix, view = AESGCM(key), os.urandom(_PREFIX), memoryview(data)
    starts = range(0, max(1, len(data)), PIECE)
    pieces = (
        cipher.encrypt(_nonce(prefix, n, last=n == len(starts) - 1), view[at : at + PIECE], purpose.encode())
        for n, at in enumerate(starts)
    )
    return b"".join((_VERSION, prefix, *pieces))


def opened(key: bytes, purpose: str, arriving: Iterable[bytes]) -> Iterator[bytes]:
    """The plain pieces, as the sealed bytes arrive in chunks of any size. Raises Tampered at the first that is not
    what was sealed; what came before it was whole, but the end was not reached."""
    cipher, kept = AESGCM(key), bytearray()
    prefix, number = b"", 0
    for chunk in arriving:
        kept += chunk
        if not prefix and len(kept) >= _HEAD:
            prefix = _prefix_of(kept)
            del kept[:_HEAD]
        while prefix and len(kept) > PIECE + _TAG:  # more follows, so this one is not the last
            yield _piece(cipher, _nonce(prefix, number, last=False), bytes(kept[: PIECE + _TAG]), purpose)
            del kept[: PIECE + _TAG]
            number += 1
    if not prefix:
        raise Tampered("A sealed stream has no beginning.")
    yield _piece(cipher, _nonce(prefix, number, last=True), bytes(kept), purpose)


def _prefix_of(head: bytearray) -> bytes:
    if head[: len(_VERSION)] != _VERSION:
        raise Tampered("A sealed stream has an unknown form.")
    return bytes(head[len(_VERSION) : _HEAD])


def _piece(cipher: AESGCM, nonce: bytes, piece: bytes, purpose: str) -> bytes:
    try:
        return cipher.decrypt(nonce, piece, purpose.encode())
    except (InvalidTag, ValueError):
        raise Tampered(f"A sealed stream ({purpose.partition('#')[0]}) fails its integrity check.") from None


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4) + bytes([last])
