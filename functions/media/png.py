"""PNG files by their chunks: where the picture ends, and the same picture without what was written beside it."""

import struct
import zlib
from collections.abc import Iterator

from media.exif import tiff_of_orientation
from waypost.domain.media_refusals import refusal

_SIGNATURE = 8
_TELLING = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"dSIG")


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of each, IEND the last. Raises MediaRefused."""
    at = _SIGNATURE
    while True:
        if len(data) < at + 12:
            raise refusal("media_truncated", what="the picture has no end")
        kind, last = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if not kind.isalpha():
            raise refusal("media_damaged", what="the picture's parts do not follow each other")
        if last > len(data):
            raise refusal("media_truncated", what="the picture has no end")
        yield kind, at, last
        if kind == b"IEND":
            return
        at = last


def end(data: bytes) -> int:
    """How many bytes are the picture."""
    return max(last for _, _, last in chunks(data))


def has_metadata(data: bytes) -> bool:
    return any(kind in _TELLING for kind, _, _ in chunks(data))


def stripped(data: bytes, orientation: int = 1) -> bytes:
    """The same picture bit by bit, with nothing but its orientation told of it, and nothing behind it."""
    made = [data[:_SIGNATURE]]
    for kind, start, last in chunks(data):
        if kind not in _TELLING:
            made.append(data[start:last])
        if kind == b"IHDR" and orientation != 1:
            made.append(_chunk(b"eXIf", tiff_of_orientation(orientation)))
    return b"".join(made)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
