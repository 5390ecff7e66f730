"""What waits in a session: seen, held, let go on, cancelled."""

from typing import Annotated, get_args

from aws_lambda_powertools.event_handler.openapi.params import Query

from api.belongings import own_session
from api.chat_names import contact_of
from api.parameters import Cursor, Limit, SessionId
from api.queue_schemas import (
    CancelFilter,
    Cancellation,
    LaneChoice,
    LaneName,
    LanePause,
    LaneQueue,
    Queue,
    WaitingMessage,
    WaitingMessages,
)
from api.resolver import Router
from api.views import estimate_view, message_view
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.domain.message import Lane
from waypost.domain.times import parse_time
from waypost.entities.session import Session
from waypost.services.queue_cancel import Canceller, Filter
from waypost.services.queue_control import pause_lanes, resume_lanes
from waypost.services.queue_view import LaneView, QueueView

router = Router()
_TAGS = ["queue"]
_CANCEL_SECONDS = 15.0  # of the 29 that a request may take
_LANES: tuple[Lane, ...] = get_args(Lane)
Reason = Annotated[str | None, Query(alias="status", max_length=32, description="Only those that wait for this.")]


@router.get("/v1/sessions/<session_id>/queue", tags=_TAGS, summary="Look at the queue")
def get(session_id: SessionId) -> Queue:
    """How many wait in each lane, what for, since when and until when."""
    return _queue(own_session(session_id))


@router.get("/v1/sessions/<session_id>/queue/messages", tags=_TAGS, summary="List what waits")
def list_waiting(
    session_id: SessionId,
    lane: Annotated[LaneName, Query(description="Of one lane.")] = "interactive",
    reason: Reason = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> WaitingMessages:
    """In the order in which they are due, each with the time that it is expected to go at. With `status`, pages may
    be short or empty before the last."""
    app, session = bootstrap.app(), own_session(session_id)
    places, following = _view(session).page(
        lane, reason=reason, ahead=_ahead(session, lane), limit=limit, cursor=cursor
    )
    shown = [
        WaitingMessage(
            message=message_view(place.message, app), reason=place.reason, estimate=estimate_view(place.estimate)
        )
        for place in places
    ]
    return WaitingMessages(messages=shown, next_cursor=following)


@router.post("/v1/sessions/<session_id>/queue/pause", tags=_TAGS, summary="Hold what waits")
def pause(session_id: SessionId, body: LaneChoice | None = None) -> Queue:
    """Nothing is handed to WhatsApp until it is resumed; messages are still accepted. Harmless when it is held."""
    app, session = bootstrap.app(), own_session(session_id)
    pause_lanes(session, _lanes(body), now_ms=app.now_ms(), table=app.table, queues=app.engine.queues, seals=app.seals)
    return _queue(session)


@router.post("/v1/sessions/<session_id>/queue/resume", tags=_TAGS, summary="Let it go on")
def resume(session_id: SessionId, body: LaneChoice | None = None) -> Queue:
    """Harmless when it is not held."""
    app, session = bootstrap.app(), own_session(session_id)
    resume_lanes(session, _lanes(body), now_ms=app.now_ms(), table=app.table, queues=app.engine.queues, seals=app.seals)
    return _queue(session)


@router.post("/v1/sessions/<session_id>/queue/cancel", tags=_TAGS, summary="Cancel what waits")
def cancel(session_id: SessionId, body: CancelFilter) -> Cancellation:
    """Takes back everything that fits and was not handed to WhatsApp yet. Harmless to repeat."""
    app, session = bootstrap.app(), own_session(session_id)
    contact = None if body.chat is None else contact_of(body.chat)
    if body.chat is not None and contact is None:
        return Cancellation(cancelled=0, too_late=0, more=False)
    wanted = Filter(
        lane=body.lane,
        contact=contact,
        after_ms=parse_time(body.after, field="after") if body.after else 0,
        before_ms=parse_time(body.before, field="before") if body.before else 0,
        bulk=body.bulk_id,
        template=body.template,
    )
    canceller = Canceller(session.id, app.now_ms(), app.table, app.engine.queues, app.seals, app.contacts)
    done = canceller.cancel(wanted, reason="requested", seconds=_CANCEL_SECONDS)
    app.backlog.forget(session.id)
    return Cancellation(cancelled=done.cancelled, too_late=done.too_late, more=done.more)


def _lanes(body: LaneChoice | None) -> tuple[Lane, ...]:
    return _LANES if body is None or body.lane is None else (body.lane,)


def _view(session: Session) -> QueueView:
    app = bootstrap.app()
    return QueueView(session, app.now_ms(), app.table, app.backlog.outlook_of)


def _ahead(session: Session, lane: Lane) -> int:
    app = bootstrap.app()
    return app.backlog.waiting(session, app.table)["interactive"] if lane == "bulk" else 0


def _queue(session: Session) -> Queue:
    view = _view(session)
    interactive = view.lane("interactive", ahead=0)
    return Queue(
        session_id=session.id,
        interactive=_lane_view(interactive),
        bulk=_lane_view(view.lane("bulk", ahead=interactive.waiting)),
    )


def _lane_view(lane: LaneView) -> LaneQueue:
    pause = lane.pause
    return LaneQueue(
        waiting=lane.waiting,
        more=lane.more,
        reasons=lane.reasons,
        oldest_at=None if lane.oldest_ms is None else rfc3339(lane.oldest_ms),
        last=None if lane.last is None else estimate_view(lane.last),
        binds=lane.binds,
        paused=None if pause is None else LanePause(since=rfc3339(pause.since_ms), reason=pause.reason),
    )
