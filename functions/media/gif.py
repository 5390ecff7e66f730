"""GIF files by their blocks: where the picture ends, and the same picture without comments and hidden packets."""

from collections.abc import Iterator

from waypost.domain.media_refusals import refusal

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def blocks(data: bytes) -> Iterator[tuple[bool, int, int]]:
    """(whether it tells something beside the picture, start, end) of each, the trailer last. Raises MediaRefused."""
    at = _after_table(data, 10, 13)
    while True:
        start, kind = at, _byte(data, at)
        if kind == _TRAILER:
            yield False, start, at + 1
            return
        if kind == _EXTENSION:
            at = _after_sub_blocks(data, at + 2)
        elif kind == _IMAGE:
            at = _after_sub_blocks(data, _after_table(data, at + 9, at + 10) + 1)
        else:
            raise refusal("media_damaged", what="the picture's parts do not follow each other")
        yield kind == _EXTENSION and _tells(data, start), start, at


def _after_table(data: bytes, flags_at: int, table_at: int) -> int:
    flags = _byte(data, flags_at)
    return table_at + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)


def _after_sub_blocks(data: bytes, at: int) -> int:
    while size := _byte(data, at):
        at += size + 1
    return at + 1


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise refusal("media_truncated", what="the picture has no end")
    return data[at]


def _tells(data: bytes, start: int) -> bool:
    label = _byte(data, start + 1)
    return label == _COMMENT or (label == _APPLICATION and not data.startswith(_LOOPS, start + 3))


def end(data: bytes) -> int:
    """How many bytes are the picture."""
    return max(last for _, _, last in blocks(data))


def has_metadata(data: bytes) -> bool:
    return any(tells for tells, _, _ in blocks(data))


def stripped(data: bytes, _orientation: int = 1) -> bytes:
    """The same picture bit by bit, nothing told beside it and nothing behind it. A GIF knows no orientation."""
    found = list(blocks(data))
    head = data[: found[0][1]]
    return head + b"".join(data[start:last] for tells, start, last in found if not tells)
