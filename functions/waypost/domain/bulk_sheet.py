"""Reading a list of recipients as people have it: a CSV file from a spreadsheet, with a header line.

Separated by commas, semicolons or tabs; one column names the recipient, one may hold a text of the row's own, one the
id of a file of its own, the others are variables. A row that is wrong is kept with what is wrong, so that the good ones
can go on.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from waypost.errors import ValidationError

MAX_ROWS = 50_000
MAX_COLUMNS = 50
MAX_CELL = 4096
# What the recipient's column may be called, in small letters.
RECIPIENT = ("to", "phone", "number", "recipient", "chat", "mobile", "telefon", "telefono", "tel", "whatsapp")
TEXT = ("text", "message")
MEDIA = ("media_id", "media")
_NOT_MEDIA = "media_url"
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")
_TOLD = re.compile(r"""\s*"?sep=([,;\t])"?[,;\t]*(?:\r\n|\r|\n)""", re.IGNORECASE)
_NOT_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: in which column, and what to do about it."""

    column: str
    code: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`line` counts a file's lines from 1, 0: it was no file. `text` is the row's own, and so is `media`, the id
    of a file."""

    to: str
    variables: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    line: int = 0
    problem: Problem | None = None
    media: str | None = None


def read_csv(text: str) -> list[SheetRow]:
    """The rows of a file, empty lines left out. Raises ValidationError `csv_…` when it cannot be read as a whole."""
    told, text = _told_delimiter(text.removeprefix("\ufeff"))
    # Strict: a quote that is never closed would take the rows behind it for one cell, and send them to one person.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=told or _delimiter(text), strict=True)
    rows: list[SheetRow] = []
    try:
        header = _header(next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(header, cells, reader.line_num + bool(told)))
            if len(rows) > MAX_ROWS:
                raise _refusal("csv_too_long", f"It has more than {MAX_ROWS} rows.", "Send it as several files.")
    except csv.Error:
        raise _refusal(
            "csv_invalid",
            f"Line {reader.line_num + bool(told)} cannot be read, or a quote before it is never closed.",
            "Check the quotes there, or save the file anew.",
        ) from None
    if not rows:
        raise _refusal("csv_empty", "It has no rows.", "Give a header line and a line for each recipient.")
    return rows


def placeholders(text: str) -> set[str]:
    """The names that stand as `{{name}}` in a text."""
    return set(_PLACEHOLDER.findall(text))


def check_columns(rows: Sequence[SheetRow], used: set[str]) -> None:
    """Raises ValidationError `csv_column_unknown` for a column that means a file, and would be taken for a variable
    although no text has a place of its name."""
    columns = {name for row in rows if row.line for name in row.variables} - used
    wrong = next((name for name in columns if name.lower() == _NOT_MEDIA), None)
    if wrong is not None:
        raise _refusal(
            "csv_column_unknown", f"A file cannot be named by a column `{wrong}`.",
            f"Have each fetched first by POST /v1/media, and give the ids in a column `{MEDIA[0]}`.",
        )  # fmt: skip


def filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with its placeholders written out. Raises ValidationError `variable_missing`, which names the column."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = variables.get(name, "")
        if not found.strip():
            raise ValidationError(
                f"Nothing stands for {{{{{name}}}}}.",
                field=name, mend=f"Fill in the column {name}, or take the row out.", code="variable_missing",
            )  # fmt: skip
        return found

    return _PLACEHOLDER.sub(value, text)


def first_of_each(rows: Sequence[SheetRow]) -> dict[int, int]:
    """For each row that repeats an earlier row's recipient, that earlier one. Rows count from 0."""
    first: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for number, row in enumerate(rows):
        if row.problem is None and _NOT_DIGITS.sub("", row.to):  # what holds no number is nobody, not the same person
            seen = first.setdefault(_recipient(row.to), number)
            if seen != number:
                repeats[number] = seen
    return repeats


def _recipient(to: str) -> str:
    """The same for each way to write a number or a chat id."""
    local, _, server = to.strip().lower().partition("@")
    return f"{_NOT_DIGITS.sub('', local)}@{'' if server in ('c.us', 's.whatsapp.net') else server}"


def _told_delimiter(text: str) -> tuple[str, str]:
    """What a first line such as `sep=;` says, which Excel reads and does not show, and the text behind it."""
    told = _TOLD.match(text)
    return ("", text) if told is None else (told[1], text[told.end() :])


def _delimiter(text: str) -> str:
    line = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=line.count)


def _header(cells: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    small = [name.lower() for name in header]
    if not any(name in RECIPIENT for name in small):
        raise _refusal("csv_no_recipient", "No column of the first line names the recipient.", "Call the column `to`.")
    if len(header) > MAX_COLUMNS:
        raise _refusal("csv_too_wide", f"It has more than {MAX_COLUMNS} columns.", "Leave some out.")
    twice = next((name for name in small if name and small.count(name) > 1), None)
    if twice is not None:
        raise _refusal("csv_column_twice", "Two columns have the same name.", "Give each column a name of its own.")
    return header


def _row(header: list[str], cells: list[str], line: int) -> SheetRow:
    found: dict[str, str] = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    by_small = {name.lower(): name for name in header}
    to = found.pop(next(by_small[name] for name in RECIPIENT if name in by_small), "")
    text, media = (
        None if column is None else found.pop(column, "")
        for column in (next((by_small[name] for name in names if name in by_small), None) for names in (TEXT, MEDIA))
    )
    return SheetRow(to, found, text, line, _problem(header, cells, to), media or None)


def _problem(header: list[str], cells: list[str], to: str) -> Problem | None:
    recipient = next(name for name in header if name.lower() in RECIPIENT)
    if len(cells) > len(header):
        return Problem(
            header[-1], "row_too_long", f"It has {len(cells)} cells under {len(header)} columns.",
            "Put a text that holds the separator in quotes.",
        )  # fmt: skip
    if not to:
        return Problem(recipient, "recipient_missing", "There is no recipient.", "Give a number or a chat id.")
    long = next((name for name, cell in zip(header, cells, strict=False) if len(cell) > MAX_CELL), None)
    if long is not None:
        return Problem(long, "cell_too_long", f"It has more than {MAX_CELL} characters.", "Shorten it.")
    return None


def _refusal(code: str, message: str, mend: str) -> ValidationError:
    return ValidationError(f"The file cannot be read. {message}", field="csv", mend=mend, code=code)
