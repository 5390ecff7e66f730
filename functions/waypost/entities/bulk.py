"""A bulk run: one message to many people, worked through row by row.

pk BULK#{run}   sk -            the run; in index by_owner as `{tenant}#bulk`
pk BULK#{run}   sk OPEN         there is work left; in index by_owner as `bulk#open`
pk BULK#{run}   sk ROW#{row}    a row that became no message, and why
pk BULK#{run}   sk CON#{contact}   which row has taken a person

The messages that a run made are found by their own place in by_owner (`message.py`).
"""

from dataclasses import dataclass
from typing import Literal, cast

from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write

# What the caller wants of it, and how far its rows are.
RunState = Literal["running", "paused", "cancelled"]
Phase = Literal["checking", "accepting", "done", "refused"]
Outcome = Literal["refused", "duplicate"]

ROWS_KEPT_SECONDS = 30 * 86_400  # what became of a row is told for so long


@dataclass(frozen=True, slots=True)
class Run:
    """`sealed` holds what is sent and how, under the tenant's key; the rows lie in a blob of the run's name.

    Either `session` or `pool` is empty. `next_row` is how far the present phase has come; the counts are the phase's.
    """

    id: str
    tenant: str
    created_ms: int
    total: int
    sealed: bytes
    session: str = ""
    pool: str = ""
    name: str = ""
    state: RunState = "running"
    phase: Phase = "accepting"
    dry_run: bool = False
    all_or_nothing: bool = False
    next_row: int = 0
    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    done_ms: int = 0
    waits_until_ms: int = 0  # the session's queue is full until about then


@dataclass(frozen=True, slots=True)
class Row:
    """A row that became no message. `sealed` is what stood there as the recipient, under the tenant's key; `line` and
    `column` are where in the file, 0 and empty for none. `of` is the row that a duplicate repeats."""

    row: int
    outcome: Outcome
    code: str
    message: str
    mend: str
    sealed: bytes
    line: int = 0
    column: str = ""
    of: int = 0


def run_key(run: str) -> Key:
    return Key(f"BULK#{run}", "-")


def get_run(table: Table, run: str) -> Run | None:
    item = table.get(run_key(run))
    return None if item is None else _run(item)


def run_state(table: Table, run: str) -> RunState:
    """`running` too when there is no such run."""
    item = table.get(run_key(run))
    return "running" if item is None else cast(RunState, text(item, "state"))


def new_run_writes(run: Run) -> list[Write]:
    """The writes that make a run and leave word that it has work; their condition fails when it is there already."""
    opened: Item = {"pk": f"BULK#{run.id}", "sk": "OPEN", "run": run.id, "owner_pk": "bulk#open", "owner_sk": run.id}
    return [Put(_run_item(run), When.all(Clause("is new", "pk", "absent"))), Put(opened)]


def closed_write(run: str) -> Delete:
    return Delete(Key(f"BULK#{run}", "OPEN"))


def list_open_runs(table: Table) -> list[str]:
    """Runs with rows left, of all tenants."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = table.query("bulk#open", index="by_owner", limit=1000, cursor=cursor)
        found += [text(item, "run") for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


def list_runs(table: Table, tenant: str, *, limit: int, cursor: str | None) -> tuple[list[Run], str | None]:
    """The newest first."""
    page = table.query(f"{tenant}#bulk", index="by_owner", limit=limit, cursor=cursor, descending=True)
    return [_run(item) for item in page.items], page.cursor


def progress_write(run: Run, *, accepted: int = 0, refused: int = 0, duplicates: int = 0, to_row: int) -> Update:
    """The write that notes what became of the rows before `to_row`; its condition fails when somebody else did them,
    or the run was paused or cancelled."""
    return Update(
        run_key(run.id),
        set={"next_row": to_row, "waits_until_ms": 0},
        add={"accepted": accepted, "refused": refused, "duplicates": duplicates},
        when=_unmoved(run),
    )


def phase_write(run: Run, phase: Phase, now_ms: int) -> Update:
    """The write that begins the next phase; a check's counts are kept where nothing follows it."""
    begins = {"next_row": 0, "accepted": 0, "refused": 0, "duplicates": 0} if phase == "accepting" else {}
    ends = {"done_ms": now_ms} if phase in ("done", "refused") else {}
    return Update(run_key(run.id), set={"phase": phase, **begins, **ends}, when=_unmoved(run))


def wait_write(run: Run, until_ms: int) -> Update:
    """The write that notes until when there is no room for the next row."""
    return Update(run_key(run.id), set={"waits_until_ms": until_ms}, when=_unmoved(run))


def state_write(run: str, state: RunState) -> Update:
    """The write of what the caller wants; its condition fails for a run that was cancelled."""
    wanted = Clause("it was not cancelled", "state", "in", ["running", "paused"])
    return Update(run_key(run), set={"state": state}, when=When.all(Clause("it exists", "pk", "exists"), wanted))


def row_write(run: str, row: Row, now_ms: int) -> Put:
    return Put(
        {
            "pk": f"BULK#{run}",
            "sk": f"ROW#{row.row:08d}",
            "row": row.row,
            "outcome": row.outcome,
            "code": row.code,
            "message": row.message,
            "mend": row.mend,
            "sealed": row.sealed,
            "line": row.line,
            "column": row.column,
            "of": row.of,
            "ttl": now_ms // 1000 + ROWS_KEPT_SECONDS,
        }
    )


def take_person(table: Table, run: str, contact: str, row: int, now_ms: int) -> int:
    """The row that has a person: this one, when none had them before."""
    key = Key(f"BULK#{run}", f"CON#{contact}")
    item: Item = {"pk": key.pk, "sk": key.sk, "row": row, "ttl": now_ms // 1000 + ROWS_KEPT_SECONDS}
    try:
        table.put(item, when=When.all(Clause("nobody has them", "pk", "absent")))
    except ConditionFailed:
        taken = table.get(key)
        return row if taken is None else number(taken, "row")
    return row


def list_rows(table: Table, run: str, *, first: int, last: int) -> list[Row]:
    """Those of the rows from `first` to `last` that became no message."""
    between = (f"ROW#{first:08d}", f"ROW#{last:08d}")
    return [_row(item) for item in table.query(f"BULK#{run}", between=between, limit=1000).items]


def _unmoved(run: Run) -> When:
    return When.all(
        Clause("nobody else did these rows", "next_row", "eq", run.next_row),
        Clause("it is in this phase", "phase", "eq", run.phase),
        Clause("it is to go on", "state", "eq", "running"),
    )


_NAMES = (
    "id", "tenant", "created_ms", "total", "sealed", "session", "pool", "name", "state", "phase", "dry_run",
    "all_or_nothing", "next_row", "accepted", "refused", "duplicates", "done_ms", "waits_until_ms",
)  # fmt: skip


def _run_item(run: Run) -> Item:
    key = run_key(run.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "owner_pk": f"{run.tenant}#bulk",
        "owner_sk": f"{run.created_ms:013d}#{run.id}",
        **{name: getattr(run, name) for name in _NAMES},
    }


def _run(item: Item) -> Run:
    return Run(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        created_ms=number(item, "created_ms"),
        total=number(item, "total"),
        sealed=blob(item, "sealed"),
        session=text(item, "session"),
        pool=text(item, "pool"),
        name=text(item, "name"),
        state=cast(RunState, text(item, "state")),
        phase=cast(Phase, text(item, "phase")),
        dry_run=bool(item["dry_run"]),
        all_or_nothing=bool(item["all_or_nothing"]),
        next_row=number(item, "next_row"),
        accepted=number(item, "accepted"),
        refused=number(item, "refused"),
        duplicates=number(item, "duplicates"),
        done_ms=number(item, "done_ms"),
        waits_until_ms=number(item, "waits_until_ms"),
    )


def _row(item: Item) -> Row:
    return Row(
        row=number(item, "row"),
        outcome=cast(Outcome, text(item, "outcome")),
        code=text(item, "code"),
        message=text(item, "message"),
        mend=text(item, "mend"),
        sealed=blob(item, "sealed"),
        line=number(item, "line"),
        column=text_or_none(item, "column") or "",
        of=number(item, "of"),
    )
