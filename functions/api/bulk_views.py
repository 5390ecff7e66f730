"""Bulk runs from the domain to the wire."""

from api.bulk_schemas import BulkResult, BulkRun
from api.queue_schemas import Estimate
from api.views import estimate_view
from waypost.bootstrap import App
from waypost.domain.event import rfc3339
from waypost.domain.message import Message
from waypost.domain.outlook import PAUSED
from waypost.domain.outlook import Estimate as Expected
from waypost.entities.bulk import Row, Run
from waypost.entities.pool import get_pool
from waypost.entities.session import Session, get_session
from waypost.services.backlog import held_session
from waypost.services.bulk_runs import order_of
from waypost.services.bulk_view import Progress, progress_of
from waypost.services.bulk_work import row_purpose


def run_view(run: Run, app: App) -> BulkRun:
    progress = progress_of(run, app.table)
    return BulkRun(
        id=run.id,
        name=run.name,
        session_id=run.session or None,
        pool_id=run.pool or None,
        status=progress.status,  # type: ignore[arg-type]  # one of the few words that `_status` knows
        dry_run=run.dry_run,
        total=run.total,
        outcomes=progress.outcomes,
        estimate=_estimate(run, progress, app),
        waits_until=rfc3339(run.waits_until_ms) if run.waits_until_ms > app.now_ms() else None,
        created_at=rfc3339(run.created_ms),
        done_at=rfc3339(run.done_ms) if run.done_ms else None,
    )


def result_view(run: Run, number: int, what: Message | Row | None, app: App) -> BulkResult:
    blank = dict.fromkeys(BulkResult.model_fields)
    if isinstance(what, Message):
        shown = {
            "to": app.contacts.view(what.tenant, what.contact)["id"],
            "outcome": what.status,
            "session_id": what.session,
            "message_id": what.id,
            "code": what.reason,
        }
    elif isinstance(what, Row):
        shown = {
            "line": what.line or None,
            "to": app.seals.open_json(run.tenant, run.tenant, row_purpose(run.id, number), what.sealed),
            "outcome": what.outcome,
            "code": what.code,
            "column": what.column or None,
            "message": what.message,
            "mend": what.mend,
        }
    else:
        shown = {"outcome": "would_send" if run.dry_run and number < run.next_row else "pending"}
    return BulkResult.model_validate({**blank, "row": number + 1, **shown})


def _estimate(run: Run, progress: Progress, app: App) -> Estimate | None:
    """When the last message goes: what waits already, and what is still to come, shared by the sessions."""
    left = sum(progress.outcomes.get(name, 0) for name in ("pending", "would_send", "accepted", "sending"))
    if progress.status in ("finished", "cancelled", "refused") and not (run.dry_run and left):
        return None
    sessions = [one for one in sessions_of(run, app) if not held_session(one)]
    if progress.status == "paused" or not sessions:
        return estimate_view(Expected(None, PAUSED if progress.status == "paused" else "session"))
    waiting = sum(sum(app.backlog.waiting(one, app.table).values()) for one in sessions)
    coming = left - progress.outcomes.get("accepted", 0) - progress.outcomes.get("sending", 0)
    each = max(0, -(-(waiting + coming) // len(sessions)) - 1)
    outlook, due_ms = app.backlog.outlook_of(sessions[0], "bulk"), order_of(run, app.seals).send_at_ms
    return estimate_view(outlook.expected(each, now_ms=app.now_ms(), due_ms=due_ms))


def sessions_of(run: Run, app: App) -> list[Session]:
    """Those that it may use, and that there are."""
    pool = get_pool(app.table, run.pool) if run.pool else None
    if pool is not None:
        return app.chooser.members(pool)
    session = get_session(app.table, run.session) if run.session else None
    return [] if session is None else [session]
