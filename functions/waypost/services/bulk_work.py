"""Working through a bulk run: some rows at a time, to be gone on with by whoever comes next, each row exactly once.

A message's id is derived from run and row, so a row that is done again finds its message. Who was taken once in a run
is marked, so that nobody gets it twice however they are written. What stops all rows (no room in the queue, a session
that is not at work) makes the run wait; what is wrong with one row is noted, and the next one goes on.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waypost.domain.addresses import parse_address
from waypost.domain.bulk_sheet import MEDIA, Problem, SheetRow, filled, first_of_each
from waypost.domain.contents import UNDECIDED
from waypost.domain.ids import make_id
from waypost.domain.wanted import Template, Wanted
from waypost.entities.bulk import (
    Row,
    Run,
    closed_write,
    get_run,
    phase_write,
    progress_write,
    row_write,
    take_person,
    wait_write,
)
from waypost.entities.session import Session
from waypost.errors import (
    ConditionFailed,
    Conflict,
    RateLimited,
    SessionNotLinked,
    StorageError,
    WaypostError,
)
from waypost.ports import Blobs, Keys, Queues, Table
from waypost.services.accepting import accept
from waypost.services.admission import CHECKS, Asked, Check, admit
from waypost.services.backlog import Backlog
from waypost.services.bulk_runs import blob_key, order_of, rows_of
from waypost.services.contacts import Contacts
from waypost.services.queue_cancel import Canceller, Filter
from waypost.services.sealing import Seals

SECONDS = 12.0  # then it goes on by another message
_CHUNK = 20  # rows between two notes of how far it is: what a crash does again
_SESSION_SECONDS = 30.0  # until a session that is not at work is asked again


@dataclass(frozen=True, slots=True)
class BulkDesk:
    """What working through a run needs. `sessions_of` are the sessions that a run may use, `choose` picks one of them
    for a message."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    keys: Keys
    blobs: Blobs
    backlog: Backlog
    now_ms: Callable[[], int]
    sessions_of: Callable[[Run], Sequence[Session]]
    choose: Callable[[Run, Wanted], Session]


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a row: a message, or the row as it is noted."""

    row: Row | None


class _Wait(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def work(run_id: str, desk: BulkDesk, *, clock: Callable[[], float] = time.monotonic) -> float | None:
    """Go on with a run for SECONDS; returns after how many more seconds to come again, None: there is nothing to do."""
    until = clock() + SECONDS
    run = get_run(desk.table, run_id)
    if run is not None and run.state == "cancelled":
        return _end_cancelled(run, desk)
    if run is None or run.state != "running" or run.phase in ("done", "refused"):
        return None
    worker = _Worker(run, desk)
    while clock() < until:
        try:
            if worker.step():
                return None
        except ConditionFailed:
            return 0.0  # somebody else did these rows, or it was held or cancelled: look again
        except _Wait as wait:
            return worker.wait(wait.seconds)
    return 0.0


def _end_cancelled(run: Run, desk: BulkDesk) -> float | None:
    """Cancel what waits of a run, and forget its rows."""
    for session in desk.sessions_of(run):
        canceller = Canceller(session.id, desk.now_ms(), desk.table, desk.queues, desk.seals, desk.contacts)
        if canceller.cancel(Filter(lane="bulk", bulk=run.id), reason="bulk_cancelled", seconds=SECONDS).more:
            return 0.0
        desk.backlog.forget(session.id)
    _close(run, desk)
    return None


def _close(run: Run, desk: BulkDesk) -> None:
    """Nothing is left to do: the rows, which hold people's data, go."""
    desk.blobs.delete(blob_key(run.id))
    desk.table.transact([closed_write(run.id)])


class _Worker:
    """Steps through one run's rows."""

    def __init__(self, run: Run, desk: BulkDesk) -> None:
        self._run = run
        self._desk = desk
        self._order = order_of(run, desk.seals)
        self._rows = rows_of(run, seals=desk.seals, blobs=desk.blobs)
        self._repeats = first_of_each(self._rows)

    def step(self) -> bool:
        """Some rows, or the end of a phase. True when the run is over. Raises ConditionFailed, _Wait."""
        run = self._run
        if run.next_row >= len(self._rows):
            return self._end_phase()
        last = min(run.next_row + _CHUNK, len(self._rows))
        done: list[_Done] = []
        try:
            for number in range(run.next_row, last):
                done.append(self._row(number))
        finally:
            # Also before a storage error goes up or the run waits: what is done stays done.
            self._note(done)
        return False

    def wait(self, seconds: float) -> float:
        try:
            self._desk.table.update(wait_write(self._run, self._desk.now_ms() + round(seconds * 1000)))
        except ConditionFailed:
            return 0.0
        return seconds

    def _note(self, done: Sequence[_Done]) -> None:
        """The rows that became no message, then how far it is: the other way round a crash would lose them."""
        noted = [one.row for one in done if one.row is not None]
        for row in noted:
            self._desk.table.put(row_write(self._run.id, row, self._desk.now_ms()).item)
        if not done:
            return
        duplicates = len([row for row in noted if row.outcome == "duplicate"])
        self._desk.table.update(
            progress_write(
                self._run,
                accepted=len(done) - len(noted),
                refused=len(noted) - duplicates,
                duplicates=duplicates,
                to_row=self._run.next_row + len(done),
            )
        )
        self._look_again()

    def _end_phase(self) -> bool:
        run, desk = self._run, self._desk
        if run.phase == "checking" and not run.dry_run and run.refused == 0:
            desk.table.update(phase_write(run, "accepting", desk.now_ms()))
            self._look_again()
            return False
        refused = run.phase == "checking" and not run.dry_run
        desk.table.update(phase_write(run, "refused" if refused else "done", desk.now_ms()))
        _close(run, desk)
        return True

    def _look_again(self) -> None:
        self._run = get_run(self._desk.table, self._run.id) or self._run

    def _row(self, number: int) -> _Done:
        row = self._rows[number]
        if row.problem is not None:
            return self._refused(number, row.problem)
        if number in self._repeats:
            return self._duplicate(number, self._repeats[number])
        try:
            wanted = self._wanted(row, number)
            if self._run.phase == "checking":
                self._ask(wanted)
            else:
                self._accept(wanted, number)
        except RateLimited as full:
            raise _Wait(full.retry_after) from None
        except SessionNotLinked:
            raise _Wait(_SESSION_SECONDS) from None
        except StorageError:
            raise
        except WaypostError as refusal:
            if refusal.code in ("session_stopped", "pool_no_session"):
                raise _Wait(_SESSION_SECONDS) from None
            if refusal.code == _TAKEN:
                return self._duplicate(number, int(refusal.field or 0))
            return self._refused(number, Problem(_column(refusal), refusal.code, refusal.message, refusal.mend or ""))
        return _Done(None)

    def _wanted(self, row: SheetRow, number: int) -> Wanted:
        order = self._order
        text = row.text or order.text
        template = None
        if order.template is not None and not row.text:
            template = Template(**order.template, variables=dict(row.variables))
        said = {} if template else {"text": filled(text or "", row.variables)}
        media = row.media or order.media
        if media is not None:
            said |= {"media": media, **({"as": order.kind} if order.kind else {})}
        return Wanted(
            to=parse_address(row.to),
            content=said,
            kind="text" if media is None else order.kind or UNDECIDED,
            lane="bulk",
            template=template,
            purpose=order.purpose,
            send_at_ms=order.send_at_ms,
            expires_ms=order.expires_ms,
            bulk=self._run.id,
            bulk_row=number,
            pool=self._run.pool or None,
        )

    def _ask(self, wanted: Wanted) -> None:
        """Whether it would be taken, without leaving a trace."""
        desk = self._desk
        session = desk.choose(self._run, wanted)
        asked = Asked(wanted, session, desk.now_ms(), desk.table, desk.seals, desk.contacts, dry=True)
        admit(asked, [check for check in CHECKS if check.name != "linked"])

    def _accept(self, wanted: Wanted, number: int) -> None:
        desk, run = self._desk, self._run
        accept(
            wanted,
            message_id=make_id("msg", desk.keys.mac("bulk", f"{run.id}#{number}".encode())),
            session=desk.choose(run, wanted),
            now_ms=desk.now_ms(),
            table=desk.table,
            queues=desk.queues,
            seals=desk.seals,
            contacts=desk.contacts,
            backlog=desk.backlog,
            checks=(*CHECKS, Check("once", self._once)),
        )

    def _once(self, asked: Asked) -> Asked:
        row = asked.wanted.bulk_row
        taken = take_person(self._desk.table, self._run.id, asked.contact, row, asked.now_ms)
        if taken != row:
            raise Conflict("The person has had a row before.", field=str(taken), code=_TAKEN)
        return asked

    def _refused(self, number: int, problem: Problem) -> _Done:
        row, run = self._rows[number], self._run
        sealed = self._desk.seals.seal_json(run.tenant, run.tenant, row_purpose(run.id, number), row.to)
        return _Done(
            Row(
                row=number, outcome="refused", code=problem.code, message=problem.message, mend=problem.mend,
                sealed=sealed, line=row.line, column=problem.column,
            )
        )  # fmt: skip

    def _duplicate(self, number: int, first: int) -> _Done:
        row, run = self._rows[number], self._run
        sealed = self._desk.seals.seal_json(run.tenant, run.tenant, row_purpose(run.id, number), row.to)
        where = f"line {self._rows[first].line}" if self._rows[first].line else f"row {first + 1}"
        return _Done(
            Row(
                row=number, outcome="duplicate", code=_TAKEN, message=f"The same recipient stands in {where}.",
                mend="Nothing: it is sent once.", sealed=sealed, line=row.line, of=first,
            )
        )  # fmt: skip


_TAKEN = "duplicate_recipient"


def _column(refusal: WaypostError) -> str:
    """Where a list has what a message has in this field. A variable that is missing is named as its column is."""
    if refusal.field == "media" and refusal.code != "variable_missing":
        return MEDIA[0]
    return refusal.field or "to"


def row_purpose(run: str, row: int) -> str:
    """What a noted row's recipient is sealed for."""
    return f"bulk-row#{run}#{row}"
