"""JPEG files by their markers: where the picture ends, and the same picture without what the camera tells of itself."""

import re
import struct
from collections.abc import Iterator

from media.exif import tiff_of_orientation
from waypost.domain.media_refusals import refusal

_SCAN, _END, _FIRST_APP, _COMMENT = 0xDA, 0xD9, 0xE0, 0xFE
# A marker inside of compressed data is 0xFF and anything but a stuffed zero, a restart or a fill byte.
_NEXT_MARKER = re.compile(rb"\xff(?=[^\x00\xff\xd0-\xd7])", re.DOTALL)
# Headers that readers of the picture need: JFIF, the colour profile, Adobe's colour transform. The rest tells of
# camera, place, owner and editor.
_KEPT = ((0xE0, b"JFIF\0"), (0xE0, b"JFXX\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
_DECLARES_MORE = (b"MPF\0", b"MotionPhoto", b"MicroVideo", b"Container:Directory")


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each, scans with their data; the last is the end marker. Raises MediaRefused."""
    at = 2
    while True:
        start = at
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if len(data) < at + 2:
            raise refusal("media_truncated", what="the picture has no end")
        if data[at] != 0xFF:
            raise refusal("media_damaged", what="the picture's parts do not follow each other")
        marker = data[at + 1]
        if marker == _END:
            yield marker, start, at + 2
            return
        at += 2
        if not 0xD0 <= marker <= 0xD8 and marker != 0x01:
            at = _end_of_segment(data, at, marker)
        yield marker, start, at


def _end_of_segment(data: bytes, at: int, marker: int) -> int:
    if len(data) < at + 2:
        raise refusal("media_truncated", what="the picture has no end")
    end = at + int.from_bytes(data[at : at + 2])
    if marker == _SCAN:
        found = _NEXT_MARKER.search(data, end)
        end = found.start() if found else len(data)
    if end > len(data):
        raise refusal("media_truncated", what="the picture has no end")
    return end


def end(data: bytes) -> int:
    """How many bytes are the picture."""
    return max(last for _, _, last in segments(data))


def declares_appendix(data: bytes) -> bool:
    """Whether the camera says that it put more behind the picture: another one (MPF), or a short film."""
    heads = (data[start:last] for marker, start, last in segments(data) if _FIRST_APP <= marker < _FIRST_APP + 16)
    return data.endswith(b"SEFT") or any(word in head for head in heads for word in _DECLARES_MORE)


def has_metadata(data: bytes) -> bool:
    return any(_tells(data, marker, start) for marker, start, _ in segments(data))


def stripped(data: bytes, orientation: int = 1) -> bytes:
    """The same picture bit by bit, with nothing but its orientation told of it, and nothing behind it."""
    kept = [data[start:last] for marker, start, last in segments(data) if not _tells(data, marker, start)]
    if orientation == 1:
        return b"\xff\xd8" + b"".join(kept)
    body = b"Exif\0\0" + tiff_of_orientation(orientation)
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"".join(kept)


def _tells(data: bytes, marker: int, start: int) -> bool:
    if marker == _COMMENT:
        return True
    if not _FIRST_APP <= marker < _FIRST_APP + 16:
        return False
    return not any(marker == kept and data.startswith(word, start + 4) for kept, word in _KEPT)
