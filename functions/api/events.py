"""A session's log of events, numbered without gaps (P5): the same that WebSocket and webhooks carry."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from api.answers import CloudEvent, Events
from api.belongings import own_session
from api.resolver import Router
from waypost import bootstrap
from waypost.entities import event as log
from waypost.entities.head import get_head
from waypost.services.cloudevents import open_cloudevent

router = Router()
_MAX_NUMBER = 10**12 - 1  # what a number's place in the log has room for

SessionQuery = Annotated[
    str, Query(max_length=64, description="Whose events.", examples=["ses_00000000000000000000000000"])
]
After = Annotated[int, Query(ge=0, le=_MAX_NUMBER, description="The `sequence` of the newest event that you have.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Generation = Annotated[int | None, Query(ge=1, le=9999, description="None: the present one.")]


@router.get("/v1/events", tags=["events"], summary="Read a session's events after a number")
def list_events(
    session_id: SessionQuery, after: After = 0, limit: Limit = 100, generation: Generation = None
) -> Events:
    """Nothing is missed by a caller who always asks after the last number that it has seen."""
    app = bootstrap.app()
    session = own_session(session_id)
    if generation is None:
        head = get_head(app.table, session.id)
        generation = head.generation if head else 1
    found = log.list_events(app.table, session.id, generation, after=after, limit=limit)
    return Events(
        events=[CloudEvent(**open_cloudevent(app.seals, event)) for event in found],
        next_after=found[-1].number if found else after,
        generation=generation,
    )
