"""mp4 and 3gp files by their boxes: whether they are whole, which brand they say they are, where the index lies."""

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.domain.media_refusals import refusal

# What a box that holds other boxes is called; the others are leaves to us.
_HOLDERS = (b"moov", b"trak", b"udta", b"mdia", b"minf", b"edts")
# Boxes that tell of more than picture and sound: place, names, whole packets of other programs.
_TELLING = (b"uuid", b"\xa9xyz", b"loci", b"XMP_", b"gps ", b"GPMF", b"GPS ", b"albr", b"auth", b"cprt")


@dataclass(frozen=True, slots=True)
class Box:
    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Those of one level, which must fill it. Raises MediaRefused."""
    at, limit = start, len(data) if end is None else end
    while at < limit:
        if limit - at < 8:
            raise refusal("media_truncated", what="its last part is cut off")
        size, kind, body = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16]), at + 16
        size = size or limit - at  # zero: up to the end
        if size < body - at or not _is_name(kind):
            raise refusal("media_polyglot", what="behind the film there is something that is not part of it")
        if at + size > limit:
            raise refusal("media_truncated", what="its last part is cut off")
        yield Box(kind, at, body, at + size)
        at += size


def _is_name(kind: bytes) -> bool:
    return all(32 <= letter < 127 or letter == 0xA9 for letter in kind)


def major_brand(data: bytes) -> str:
    return data[8:12].decode("latin-1")


def check_whole(data: bytes) -> None:
    """Raises MediaRefused when index or content is missing."""
    kinds = [box.kind for box in boxes(data)]
    if b"moov" not in kinds:
        raise refusal("media_truncated", what="its index is missing")
    if b"mdat" not in kinds:
        raise refusal("media_truncated", what="picture and sound are missing")


def starts_at_once(data: bytes) -> bool:
    """Whether the index comes before the content, so that it plays while it loads."""
    kinds = [box.kind for box in boxes(data)]
    return kinds.index(b"moov") < kinds.index(b"mdat")


def tells(data: bytes, start: int = 0, end: int | None = None) -> bool:
    """Whether any box tells of more than picture and sound."""
    return any(
        box.kind in _TELLING or (box.kind in _HOLDERS and tells(data, box.body, box.end))
        for box in boxes(data, start, end)
    )
