"""Bulk runs: one message to many people, in one call or by a file."""

import csv
import io
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from api.belongings import own_media, own_pool, own_run, own_session
from api.bulk_schemas import BulkResult, BulkResults, BulkRun, BulkRuns, NewBulk
from api.bulk_views import result_view, run_view, sessions_of
from api.current import current
from api.parameters import Cursor, Limit
from api.problems import InvalidRequest
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.bulk_sheet import SheetRow, read_csv
from waypost.domain.times import check_times, parse_time
from waypost.entities.bulk import Run, RunState, list_runs
from waypost.errors import ValidationError
from waypost.services.bulk_runs import Order, begin_run, seal_order, want
from waypost.services.bulk_view import results_of
from waypost.services.sending import feed

router = Router()
_TAGS = ["bulk"]
_SPREADSHEET = "=+-@\t\r"  # what a spreadsheet takes for a formula

BulkId = Annotated[str, Path(description="A bulk run's id.", examples=["blk_00000000000000000000000000"])]
Format = Annotated[Literal["json", "csv"], Query(alias="format", description="csv: for a spreadsheet.")]


@router.post("/v1/bulk", status_code=202, tags=_TAGS, summary="Send to many")
def create(body: NewBulk) -> BulkRun:
    """Takes the recipients in, and answers before they are looked at: `outcomes` tells how far it is.

    A file may be sent as it is: `text/csv` with the other fields in the query, or `multipart/form-data`."""
    app, call = bootstrap.app(), current()
    _check_choices(body)
    order, run_id = _order(body, app.now_ms()), call.make_id("blk")
    rows = _rows(body)
    run = Run(
        id=run_id,
        tenant=call.tenant,
        created_ms=app.now_ms(),
        total=len(rows),
        sealed=seal_order(order, run_id, call.tenant, app.seals),
        session="" if body.session_id is None else own_session(body.session_id).id,
        pool="" if body.pool_id is None else own_pool(body.pool_id).id,
        name=body.name,
        phase="checking" if body.dry_run or body.all_or_nothing else "accepting",
        dry_run=body.dry_run,
        all_or_nothing=body.all_or_nothing,
    )
    stored = begin_run(
        run, order, rows, table=app.table, queues=app.engine.queues, seals=app.seals, blobs=app.engine.blobs["bulk"]
    )
    return run_view(stored, app)


@router.get("/v1/bulk", tags=_TAGS, summary="List bulk runs, newest first")
def list_all(limit: Limit = 50, cursor: Cursor = None) -> BulkRuns:
    app = bootstrap.app()
    found, following = list_runs(app.table, current().tenant, limit=limit, cursor=cursor)
    return BulkRuns(runs=[run_view(run, app) for run in found], next_cursor=following)


@router.get("/v1/bulk/<bulk_id>", tags=_TAGS, summary="See how far a bulk run is")
def get(bulk_id: BulkId) -> BulkRun:
    return run_view(own_run(bulk_id), bootstrap.app())


@router.get(
    "/v1/bulk/<bulk_id>/results",
    tags=_TAGS,
    summary="List what became of each recipient",
    responses={
        200: {
            "description": "In the order of the rows.",
            "content": {"application/json": {"model": BulkResults}, "text/csv": {"schema": {"type": "string"}}},
        }
    },
)
def results(bulk_id: BulkId, form: Format = "json", limit: Limit = 50, cursor: Cursor = None) -> Response[str]:
    """The page after it is named in the header `X-Next-Cursor` too."""
    app, run = bootstrap.app(), own_run(bulk_id)
    first = _first(cursor, run)
    shown = [
        result_view(run, number, what, app) for number, what in results_of(run, app.table, first=first, limit=limit)
    ]
    following = str(first + limit) if first + limit < run.total else None
    headers = {} if following is None else {"X-Next-Cursor": following}
    if form == "csv":
        return Response(200, "text/csv; charset=utf-8", _as_csv(shown, header=first == 0), headers)
    return Response(
        200, "application/json", BulkResults(results=shown, next_cursor=following).model_dump_json(), headers
    )


@router.post("/v1/bulk/<bulk_id>/pause", tags=_TAGS, summary="Hold a bulk run")
def pause(bulk_id: BulkId) -> BulkRun:
    """None of its messages is handed to WhatsApp until it is resumed. Harmless when it is held."""
    return _want(bulk_id, "paused")


@router.post("/v1/bulk/<bulk_id>/resume", tags=_TAGS, summary="Let a bulk run go on")
def resume(bulk_id: BulkId) -> BulkRun:
    return _want(bulk_id, "running")


@router.post("/v1/bulk/<bulk_id>/cancel", tags=_TAGS, summary="Cancel a bulk run")
def cancel(bulk_id: BulkId) -> BulkRun:
    """What was not handed to WhatsApp is not sent any more. Harmless when it is cancelled."""
    return _want(bulk_id, "cancelled")


def _want(bulk_id: str, state: RunState) -> BulkRun:
    app = bootstrap.app()
    run = want(own_run(bulk_id), state, table=app.table, queues=app.engine.queues)
    for session in sessions_of(run, app) if state == "running" else ():
        unique = f"{run.id}-{app.now_ms()}"  # what was held lost its hints
        feed(
            session.id,
            "bulk",
            in_hand=(),
            unique=unique,
            now_ms=app.now_ms(),
            table=app.table,
            queues=app.engine.queues,
        )
    return run_view(run, app)


def _check_choices(body: NewBulk) -> None:
    pairs = (("session_id", "pool_id"), ("recipients", "csv"))
    for one, other in pairs:
        given = [name for name in (one, other) if getattr(body, name) is not None]
        if len(given) != 1:
            raise _invalid(one, f"Give either {one} or {other}.", "too_many" if given else "missing")
    if body.text is not None and body.template is not None:
        raise _invalid("text", "Give either text or template.", "too_many")


def _invalid(field: str, mend: str, code: str) -> InvalidRequest:
    message = "It is missing." if code == "missing" else "There is too much."
    return InvalidRequest([{"field": field, "code": code, "message": message, "mend": mend}])


def _order(body: NewBulk, now_ms: int) -> Order:
    send_at_ms = parse_time(body.send_at, field="send_at") if body.send_at else 0
    expires_ms = parse_time(body.expires_at, field="expires_at") if body.expires_at else 0
    check_times(send_at_ms, expires_ms, now_ms)
    template = None if body.template is None else body.template.model_dump()
    if body.media_id is not None:
        own_media(body.media_id)
    return Order(body.text, template, body.purpose, send_at_ms, expires_ms, body.media_id, body.kind)


def _rows(body: NewBulk) -> list[SheetRow]:
    if body.csv is not None:
        return read_csv(body.csv)
    return [SheetRow(one.to, dict(one.variables), one.text, media=one.media_id) for one in body.recipients or ()]


def _first(cursor: str | None, run: Run) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdecimal() or int(cursor[:9]) > run.total:
        raise ValidationError("This is not a cursor.", field="cursor")
    return int(cursor[:9])


def _as_csv(rows: list[BulkResult], *, header: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if header:
        writer.writerow(BulkResult.model_fields)
    for row in rows:
        writer.writerow([_harmless(value) for value in row.model_dump().values()])
    return out.getvalue()


def _harmless(value: object) -> object:
    """What a spreadsheet would take for a formula is shown as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple(_SPREADSHEET) else value
