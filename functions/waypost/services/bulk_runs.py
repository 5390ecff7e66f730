"""A bulk run as its caller handles it: begun, held, let go on, cancelled. Its rows are worked through elsewhere."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from waypost.domain.bulk_sheet import Problem, SheetRow, check_columns, placeholders
from waypost.domain.media import Kind
from waypost.entities.bulk import Run, RunState, get_run, new_run_writes, state_write
from waypost.errors import ConditionFailed, Conflict, NotFound, TransactionConflict, ValidationError
from waypost.ports import Blobs, Queues, Table
from waypost.services.sealing import Seals

MAX_DELAY_SECONDS = 900  # a queue's longest
_ROWS = "bulk-rows"
_ORDER = "bulk-order"


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent to every row. Either `text`, where `{{name}}` stands for a variable, or `template`
    (`{"name", "language", "version"}`); a row's own text wins over `text`. With a file, `media`, they are its caption;
    a row's own wins, and `kind` is what it goes as. Times are unix milliseconds, 0: none."""

    text: str | None = None
    template: Mapping[str, Any] | None = None
    purpose: str | None = None
    send_at_ms: int = 0
    expires_ms: int = 0
    media: str | None = None
    kind: Kind | None = None


def begin_run(
    run: Run, order: Order, rows: Sequence[SheetRow], *, table: Table, queues: Queues, seals: Seals, blobs: Blobs
) -> Run:
    """Store a run with its rows and have it worked through; or find what an earlier try of the request stored.

    Raises ValidationError when no row could be sent: nothing says what, or a variable has no column; and for a column
    that means a file.
    """
    _check_order(order, rows)
    known = get_run(table, run.id)
    if known is None:
        blobs.put(blob_key(run.id), _packed(run, rows, seals))
        try:
            table.transact(new_run_writes(run))
        except (ConditionFailed, TransactionConflict):
            known = get_run(table, run.id)
            if known is None:
                raise
    nudge_run(run.id, queues=queues)
    return known or run


def find_run(run_id: str, *, tenant: str, table: Table) -> Run:
    """Raises NotFound `bulk_not_found`, also for another tenant's."""
    run = get_run(table, run_id)
    if run is None or run.tenant != tenant:
        raise NotFound(
            "There is no such bulk run.", field="bulk_id", mend="List them with GET /v1/bulk.", code="bulk_not_found"
        )
    return run


def want(run: Run, state: RunState, *, table: Table, queues: Queues) -> Run:
    """Hold it, let it go on, or end it; harmless to repeat. Raises Conflict for one that was cancelled."""
    try:
        table.update(state_write(run.id, state))
    except ConditionFailed:
        if state != "cancelled":
            raise Conflict(
                "The bulk run was cancelled.", field="bulk_id", mend="Begin a new one.", code="bulk_cancelled"
            ) from None
    nudge_run(run.id, queues=queues)
    return get_run(table, run.id) or run


def nudge_run(run: str, *, queues: Queues, delay_seconds: int = 0) -> None:
    """Have the run looked at."""
    queues.queue("runs").send(json.dumps({"run": run}), delay_seconds=min(delay_seconds, MAX_DELAY_SECONDS))


def seal_order(order: Order, run: str, tenant: str, seals: Seals) -> bytes:
    return seals.seal_json(tenant, tenant, f"{_ORDER}#{run}", asdict(order))


def order_of(run: Run, seals: Seals) -> Order:
    return Order(**seals.open_json(run.tenant, run.tenant, f"{_ORDER}#{run.id}", run.sealed))


def rows_of(run: Run, *, seals: Seals, blobs: Blobs) -> list[SheetRow]:
    """Raises NotFound when they were removed: the run is over."""
    packed = seals.open(run.tenant, run.tenant, f"{_ROWS}#{run.id}", blobs.get(blob_key(run.id)))
    return [
        SheetRow(to, variables, text, line, None if problem is None else Problem(*problem), *media)
        for to, variables, text, line, problem, *media in json.loads(zlib.decompress(packed))
    ]


def blob_key(run: str) -> str:
    return f"runs/{run}"


def _packed(run: Run, rows: Sequence[SheetRow], seals: Seals) -> bytes:
    plain = [
        (row.to, dict(row.variables), row.text, row.line, row.problem and list(asdict(row.problem).values()), row.media)
        for row in rows
    ]
    packed = zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())
    return seals.seal(run.tenant, run.tenant, f"{_ROWS}#{run.id}", packed)


def _check_order(order: Order, rows: Sequence[SheetRow]) -> None:
    says = order.text is not None or order.template is not None or order.media is not None
    if not says and not any(row.text or row.media for row in rows):
        raise ValidationError(
            "Nothing says what is to be sent.", field="text",
            mend="Give a text, a template, a file, or a column `text` or `media_id`.",
            code="text_missing",
        )  # fmt: skip
    used = placeholders(order.text or "")
    if order.template is None:  # its own variables are compared with each row's
        check_columns(rows, used.union(*(placeholders(row.text or "") for row in rows)))
    unknown = sorted(used - {name for row in rows for name in row.variables})
    if unknown:
        raise ValidationError(
            f"No recipient has a variable {unknown[0]}.",
            field="text", mend="Name a column, or one of the recipients' variables.", code="variable_unknown",
        )  # fmt: skip
