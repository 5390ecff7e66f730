"""Cutting a long CSV into pieces that one request takes, each with the header, at the ends of rows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ROWS = 500  # what the API takes at once
MAX_CHARACTERS = 150_000


@dataclass(frozen=True, slots=True)
class Piece:
    """`before` is how many lines of the file stand before the piece's rows that do not in the piece."""

    text: str
    before: int


def pieces(text: str) -> Iterator[Piece]:
    """In order. A quoted cell may hold line breaks; a table that cannot be read is one piece, for the API to judge."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    try:
        ends = _ends(lines)
    except csv.Error:
        yield Piece(text, 0)
        return
    header = "".join(lines[: ends[0]]) if ends else ""
    begin, rows = ends[0] if ends else 0, 0
    for row, end in enumerate(ends[1:], start=1):
        rows += 1
        following = ends[row + 1] if row + 1 < len(ends) else None
        size = sum(map(len, lines[begin:following])) if following else 0
        if following is None or rows == MAX_ROWS or len(header) + size > MAX_CHARACTERS:
            yield Piece(header + "".join(lines[begin:end]), begin - ends[0])
            begin, rows = end, 0
    if len(ends) < 2:
        yield Piece(text, 0)


def _ends(lines: list[str]) -> list[int]:
    """After how many lines each row ends, the header first."""
    separator = ";" if lines and ";" in lines[0] else ","
    reader = csv.reader(lines, delimiter=separator, strict=True)
    return [reader.line_num for _ in reader]
