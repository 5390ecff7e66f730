"""Recording a list of consents from a CSV: each row by itself, so that a bad one takes nothing from the others."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from waypost.domain.addresses import parse_address
from waypost.domain.consent import Consent
from waypost.errors import StorageError, TooLarge, ValidationError, WaypostError
from waypost.ports import Queues, Table
from waypost.services.consent_times import read_past, read_times
from waypost.services.consents import Registry
from waypost.services.contacts import Contacts
from waypost.services.opt_outs import ConsentChange, OptOuts
from waypost.services.sealing import Seals

MAX_ROWS = 500  # what one request has the time for; longer lists come in pieces
MAX_PROOF = 2000
REQUIRED = ("chat", "means", "given_at")
COLUMNS = (*REQUIRED, "purpose", "proof", "until", "withdrawn_at")
_WORD = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}", re.ASCII)
_SIDE_BY_SIDE = 8  # a new person costs the cloud several calls
_MEANS = "import"


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """What an import works with. `by` is the API key."""

    tenant: str
    by: str
    now_ms: int
    default_purpose: str
    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts


@dataclass(frozen=True, slots=True)
class Mistake:
    column: str
    code: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """`result` is `recorded`, `unchanged` or `refused`; `line` is where the row begins, the header being line 1."""

    line: int
    result: str
    contact_id: str | None = None
    errors: list[Mistake] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    extra: bool = False


def import_csv(text: str, desk: ImportDesk) -> list[RowResult]:
    """A result for each row, in their order. Raises ValidationError for a header that cannot be used (`csv_header`),
    TooLarge `too_many_rows`, and StorageError: what was recorded until then is found as `unchanged` the next time."""
    rows = list(_rows(text))
    if len(rows) > MAX_ROWS:
        raise TooLarge(
            f"The list has {len(rows)} rows; at most {MAX_ROWS} are taken at once.",
            field="csv",
            mend="Send it in pieces, each with the header line.",
            code="too_many_rows",
        )
    # Rows of one person go one after the other; they are side by side in the list more often than not.
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="import") as pool:
        return list(pool.map(lambda row: _take(row, desk), rows))


def _rows(text: str) -> Iterator[_Row]:
    text = text.removeprefix("\ufeff")  # as spreadsheets begin their files
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_header(names)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                named = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                yield _Row(begins, named, extra=len(cells) > len(names))
            begins = reader.line_num + 1
    except csv.Error:
        raise ValidationError(
            f"The table cannot be read from line {reader.line_num} on.",
            field="csv",
            mend="Put cells with commas, quotes or line breaks into quotes, and double the quotes in them.",
            code="csv_broken",
        ) from None


def _check_header(names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing or len(set(names)) != len(names) or set(names) - set(COLUMNS):
        raise ValidationError(
            f"The header line lacks {', '.join(missing)}." if missing else "The header line has a column too many.",
            field="csv",
            mend=f"Use these columns, each once: {', '.join(COLUMNS)}; the first three are needed.",
            code="csv_header",
        )


def _take(row: _Row, desk: ImportDesk) -> RowResult:
    if row.extra:
        wrong = Mistake("", "too_many_cells", "The row has more cells than the header.", "Put quotes around commas.")
        return RowResult(row.line, "refused", errors=[wrong])
    mistakes = [mistake for column in COLUMNS if (mistake := _mistake(row, column, desk)) is not None]
    if mistakes:
        return RowResult(row.line, "refused", errors=mistakes)
    try:
        contact, changed = _record(row, desk)
    except StorageError:
        raise
    except WaypostError as error:
        return RowResult(row.line, "refused", errors=[_told(error)])
    return RowResult(row.line, "recorded" if changed else "unchanged", contact)


def _record(row: _Row, desk: ImportDesk) -> tuple[str, bool]:
    given_ms, until_ms = read_times(row.cells["given_at"], row.cells.get("until") or None, now_ms=desk.now_ms)
    contact = desk.contacts.resolve(desk.tenant, [parse_address(row.cells["chat"])], now_ms=desk.now_ms)
    purpose = row.cells.get("purpose") or desk.default_purpose
    registry = Registry(contact, desk.tenant, desk.by, desk.now_ms, desk.table, desk.seals)
    consent = Consent(purpose, given_ms, row.cells["means"], until_ms)
    _, changed = registry.give(consent, proof=row.cells.get("proof") or None)
    if row.cells.get("withdrawn_at"):
        changed = _withdraw(row, purpose, registry, desk) or changed
    return contact, changed


def _withdraw(row: _Row, purpose: str, registry: Registry, desk: ImportDesk) -> bool:
    at_ms = read_past(row.cells["withdrawn_at"], field="withdrawn_at", now_ms=desk.now_ms)
    _, changed = registry.withdraw(purpose, means=_MEANS, at_ms=at_ms)
    if changed:
        outs = OptOuts(desk.tenant, desk.now_ms, desk.table, desk.queues, desk.seals, desk.contacts)
        outs.cancel_waiting(
            registry.contact,
            reason="consent_withdrawn",
            concerns=lambda message: (message.purpose or desk.default_purpose) == purpose,
        )
        outs.tell(registry.contact, ConsentChange("withdrawn", purpose, _MEANS, at_ms))
    return changed


def _mistake(row: _Row, column: str, desk: ImportDesk) -> Mistake | None:
    """What is wrong with one cell. Columns that may be empty are looked at when they are not."""
    cell = row.cells.get(column, "")
    if not cell:
        return Mistake(column, "missing", "This is required.", "Give it.") if column in REQUIRED else None
    try:
        _check_cell(column, cell, desk.now_ms)
    except ValidationError as error:
        return _told(error, column)
    return None


def _check_cell(column: str, cell: str, now_ms: int) -> None:
    if column == "chat" and parse_address(cell, field=column).kind == "group":
        raise ValidationError("A group has no consent to give.", mend="Name a person.", code="not_a_person")
    if column in ("means", "purpose") and not _WORD.fullmatch(cell):
        raise ValidationError(
            "This is not a short word.", mend="Use up to 40 of a-z, 0-9, _ and -.", code="bad_format"
        )  # fmt: skip
    if column == "proof" and len(cell) > MAX_PROOF:
        raise ValidationError("This is too long.", mend=f"Give at most {MAX_PROOF} characters.", code="too_long")
    if column in ("given_at", "withdrawn_at"):
        read_past(cell, field=column, now_ms=now_ms)
    if column == "until":
        read_times("1970-01-01T00:00:01Z", cell, now_ms=now_ms)


def _told(error: WaypostError, column: str = "") -> Mistake:
    return Mistake(column or error.field or "", error.code, error.message, error.mend or "")
