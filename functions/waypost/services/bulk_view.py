"""How far a bulk run is, and what became of each recipient."""

from collections import Counter
from dataclasses import dataclass

from waypost.domain.message import Message
from waypost.entities.bulk import Row, Run, list_rows
from waypost.entities.message import list_of_run
from waypost.ports import Table

_WAITING = frozenset({"accepted", "sending"})


@dataclass(frozen=True, slots=True)
class Progress:
    """`outcomes` counts rows: by their message's status, as `refused`, `duplicate`, or `pending` while nobody looked at
    them. `status` is what the run is doing, in one word."""

    status: str
    outcomes: dict[str, int]


def progress_of(run: Run, table: Table) -> Progress:
    if run.phase == "checking" or run.dry_run or run.phase == "refused":
        outcomes = {"would_send": run.accepted, "refused": run.refused, "duplicate": run.duplicates}
    else:
        outcomes = {**_by_status(run, table), "refused": run.refused, "duplicate": run.duplicates}
    pending = run.total - run.next_row
    outcomes = {name: count for name, count in (*outcomes.items(), ("pending", pending)) if count}
    return Progress(_status(run, outcomes), outcomes)


def results_of(run: Run, table: Table, *, first: int, limit: int) -> list[tuple[int, Message | Row | None]]:
    """The rows from `first` on, counted from 0, each with what became of it; None: nothing yet."""
    last = min(first + limit, run.total) - 1
    if last < first:
        return []
    found: dict[int, Message | Row] = {row.row: row for row in list_rows(table, run.id, first=first, last=last)}
    messages, _ = list_of_run(table, run.id, first=first, last=last)
    found |= {message.bulk_row: message for message in messages}
    return [(number, found.get(number)) for number in range(first, last + 1)]


def _by_status(run: Run, table: Table) -> Counter[str]:
    counted: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        messages, cursor = list_of_run(table, run.id, cursor=cursor)
        counted.update(message.status for message in messages)
        if cursor is None:
            return counted


def _status(run: Run, outcomes: dict[str, int]) -> str:
    if run.state == "cancelled" or run.phase == "refused":
        return "cancelled" if run.state == "cancelled" else "refused"
    over = run.phase == "done" and not _WAITING & outcomes.keys()
    if run.state == "paused" and not over:
        return "paused"
    if run.phase == "checking":
        return "checking"
    return "finished" if over else "sending"
