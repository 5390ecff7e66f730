"""WebP files by their chunks: where the picture ends, and the same picture without what was written beside it."""

import struct
from collections.abc import Iterator

from media.exif import tiff_of_orientation
from waypost.domain.media_refusals import refusal

_HEADER = 12
_PICTURE = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of each. Raises MediaRefused."""
    at, last = _HEADER, end(data)
    while at + 8 <= last:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + size + size % 2
        if after > last:
            raise refusal("media_truncated", what="the picture has no end")
        yield data[at : at + 4], at, after
        at = after


def end(data: bytes) -> int:
    """How many bytes are the picture."""
    size = int.from_bytes(data[4:8], "little")
    if 8 + size > len(data):
        raise refusal("media_truncated", what="the picture has no end")
    return 8 + size + (size % 2 if 8 + size < len(data) else 0)


def has_metadata(data: bytes) -> bool:
    return any(kind not in _PICTURE for kind, _, _ in chunks(data))


def stripped(data: bytes, orientation: int = 1) -> bytes:
    """The same picture bit by bit, with nothing but its orientation told of it, and nothing behind it."""
    made = b"".join(_kept(data, kind, start, last, orientation) for kind, start, last in chunks(data))
    if orientation != 1:
        body = tiff_of_orientation(orientation)
        made += b"EXIF" + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(made) + 4) + b"WEBP" + made


def _kept(data: bytes, kind: bytes, start: int, last: int, orientation: int) -> bytes:
    if kind not in _PICTURE:
        return b""
    chunk = bytearray(data[start:last])
    if kind == b"VP8X":
        chunk[8] &= ~(_EXIF_FLAG | _XMP_FLAG) & 0xFF
        chunk[8] |= _EXIF_FLAG if orientation != 1 else 0
    return bytes(chunk)
