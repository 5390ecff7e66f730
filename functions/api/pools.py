"""Pools: sessions that share the work, one conversation staying with one of them (R-SAFE-2)."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from api import pool_schemas as shapes
from api.belongings import own_pool, own_session
from api.contents import fetched
from api.current import current
from api.message_schemas import NewMessage
from api.messages import wanted_of
from api.parameters import Cursor, Limit
from api.resolver import Router
from api.views import accepted_view
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.entities.pool import Pool, create_pool, delete_pool, get_pool, list_pools, save_pool
from waypost.errors import ConditionFailed, Conflict, ValidationError
from waypost.services.pool_sending import PoolDesk, send_by_pool

router = Router()
_TAGS = ["pools"]
PoolId = Annotated[str, Path(description="A pool's id.", examples=["pol_00000000000000000000000000"])]


@router.post("/v1/pools", status_code=201, tags=_TAGS, summary="Create a pool")
def create(body: shapes.NewPool) -> shapes.Pool:
    app, call = bootstrap.app(), current()
    pool = Pool(
        id=call.make_id("pol"),
        tenant=call.tenant,
        name=body.name,
        sessions=_members(body.sessions),
        policy=body.policy,
        created_ms=app.now_ms(),
    )
    try:
        create_pool(app.table, pool)
    except ConditionFailed:
        pool = get_pool(app.table, pool.id) or pool  # by an earlier try of this request
    return _view(pool)


@router.get("/v1/pools", tags=_TAGS, summary="List pools, oldest first")
def list_all(limit: Limit = 50, cursor: Cursor = None) -> shapes.Pools:
    found, following = list_pools(bootstrap.app().table, current().tenant, limit=limit, cursor=cursor)
    return shapes.Pools(pools=[_view(pool) for pool in found], next_cursor=following)


@router.get("/v1/pools/<pool_id>", tags=_TAGS, summary="Get a pool")
def get(pool_id: PoolId) -> shapes.Pool:
    return _view(own_pool(pool_id))


@router.patch("/v1/pools/<pool_id>", tags=_TAGS, summary="Change a pool")
def change(pool_id: PoolId, body: shapes.PoolChange) -> shapes.Pool:
    """Conversations stay with their session as long as it is a member."""
    before, given = own_pool(pool_id), body.model_dump(exclude_none=True)
    if not given:
        raise ValidationError(
            "Nothing is to be changed.", field="body", mend="Give name, sessions or policy.", code="nothing_to_change"
        )
    after = Pool(
        id=before.id,
        tenant=before.tenant,
        name=body.name or before.name,
        sessions=before.sessions if body.sessions is None else _members(body.sessions),
        policy=body.policy or before.policy,
        created_ms=before.created_ms,
    )
    try:
        save_pool(bootstrap.app().table, before, after)
    except ConditionFailed:
        raise Conflict("Somebody changed the pool meanwhile.", mend="Look at it and try again.") from None
    return _view(after)


@router.delete("/v1/pools/<pool_id>", status_code=204, tags=_TAGS, summary="Delete a pool")
def delete(pool_id: PoolId) -> Response[None]:
    """Its sessions stay, and what waits in them."""
    delete_pool(bootstrap.app().table, own_pool(pool_id).id)
    return Response(204)


@router.post("/v1/pools/<pool_id>/messages", status_code=202, tags=_TAGS, summary="Send by a pool")
def send(pool_id: PoolId, body: NewMessage) -> shapes.PoolMessage:
    """The session that already talks with the person sends it, else the one with the most room."""
    app, pool = bootstrap.app(), own_pool(pool_id)
    desk = PoolDesk(app.table, app.engine.queues, app.seals, app.contacts, app.backlog, app.chooser, app.now_ms())
    sent = send_by_pool(fetched(wanted_of(body), body), pool, message_id=current().make_id("msg"), desk=desk)
    shown = accepted_view(sent.message, sent.session, app).model_dump()
    return shapes.PoolMessage(**shown, pool_id=pool.id, moved_from_session=sent.moved_from)


def _members(sessions: list[str]) -> tuple[str, ...]:
    """Each once. Raises NotFound for a session that is not the caller's."""
    return tuple(dict.fromkeys(own_session(session).id for session in sessions))


def _view(pool: Pool) -> shapes.Pool:
    return shapes.Pool(
        id=pool.id,
        name=pool.name,
        sessions=list(pool.sessions),
        policy=pool.policy,
        created_at=rfc3339(pool.created_ms),
    )
