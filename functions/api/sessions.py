"""Sessions: one linked WhatsApp account each."""

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.answers import Session as SessionAnswer
from api.answers import Sessions
from api.belongings import own_session
from api.current import current
from api.parameters import Cursor, Limit, SessionId
from api.resolver import Router
from api.schemas import Identity, NewSession, SessionChange
from api.views import session_view
from waypost import bootstrap
from waypost.bootstrap import App
from waypost.domain.egress import proxy_of
from waypost.entities.session import Session, list_sessions
from waypost.services.device import change_session
from waypost.services.egress import check_egress, seal_proxy
from waypost.services.sessions import create_session, delete_session, log_out_session, start_session, stop_session

router = Router()
_TAGS = ["sessions"]


@router.post("/v1/sessions", status_code=201, tags=_TAGS, summary="Create a session")
def create(body: NewSession) -> SessionAnswer:
    """Makes a session and starts it, unless `start` is false. When its status is `scan_qr`, scan its code."""
    app = bootstrap.app()
    new = _new_session(body, app)
    check_egress(new, required=app.settings.require_proxy and body.start)
    session = create_session(new, table=app.table, queues=app.engine.queues)
    if body.start:
        session = start_session(session, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return session_view(session, app)


@router.get("/v1/sessions", tags=_TAGS, summary="List sessions, oldest first")
def list_all(limit: Limit = 50, cursor: Cursor = None) -> Sessions:
    app = bootstrap.app()
    found, following = list_sessions(app.table, current().tenant, limit=limit, cursor=cursor)
    shown = [session_view(session, app) for session in found if session.desired != "deleted"]
    return Sessions(sessions=shown, next_cursor=following)


@router.get("/v1/sessions/<session_id>", tags=_TAGS, summary="Get a session")
def get(session_id: SessionId) -> SessionAnswer:
    return session_view(own_session(session_id), bootstrap.app())


@router.patch("/v1/sessions/<session_id>", tags=_TAGS, summary="Change a session")
def patch(session_id: SessionId, body: SessionChange) -> SessionAnswer:
    """What is left out stays, also within `identity`. A running browser goes on as it is; the change is in force from
    its next start, and a `session_status` with `identity_changed` tells of it."""
    app = bootstrap.app()
    session = own_session(session_id)
    changed = change_session(
        session, _changes(body, session, app), table=app.table, queues=app.engine.queues, seals=app.seals,
        now_ms=app.now_ms(),
    )  # fmt: skip
    return session_view(changed, app)


@router.delete("/v1/sessions/<session_id>", status_code=204, tags=_TAGS, summary="Delete a session")
def delete(session_id: SessionId) -> Response[None]:
    """Unlinks the account, closes the browser and removes what is stored of the session."""
    app = bootstrap.app()
    delete_session(own_session(session_id), table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return Response(204)


@router.post("/v1/sessions/<session_id>/start", status_code=202, tags=_TAGS, summary="Start a session")
def start(session_id: SessionId) -> SessionAnswer:
    """Asks for a browser. Harmless when it runs already."""
    app = bootstrap.app()
    session = own_session(session_id)
    check_egress(session, required=app.settings.require_proxy)
    session = start_session(session, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return session_view(session, app)


@router.post("/v1/sessions/<session_id>/stop", status_code=202, tags=_TAGS, summary="Stop a session")
def stop(session_id: SessionId) -> SessionAnswer:
    """Closes the browser; the account stays linked. Harmless when it is stopped already."""
    app = bootstrap.app()
    session = stop_session(
        own_session(session_id), table=app.table, queues=app.engine.queues, seals=app.seals, now_ms=app.now_ms()
    )
    return session_view(session, app)


@router.post("/v1/sessions/<session_id>/logout", status_code=202, tags=_TAGS, summary="Unlink a session's account")
def logout(session_id: SessionId) -> SessionAnswer:
    """Unlinks this device from the account. The session stays, and can be linked again."""
    app = bootstrap.app()
    session = own_session(session_id)
    log_out_session(session, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return session_view(session, app)


def _new_session(body: NewSession, app: App) -> Session:
    call, now_ms = current(), app.now_ms()
    session_id = call.make_id("ses")
    return Session(
        id=session_id,
        tenant=call.tenant,
        name=body.name,
        created_ms=now_ms,
        since_ms=now_ms,
        identity=identity_item(body.identity),
        metadata=dict(body.metadata),
        proxy=sealed_proxy(body.identity, call.tenant, session_id, app),
    )


def _changes(body: SessionChange, session: Session, app: App) -> dict[str, Any]:
    changes: dict[str, Any] = body.model_dump(include=body.model_fields_set - {"identity"})
    given = body.identity.model_fields_set if "identity" in body.model_fields_set else set()
    if given - {"proxy"}:
        merged = {**session.identity, **body.identity.model_dump(include=given - {"proxy"})}
        changes["identity"] = {name: value for name, value in merged.items() if value is not None}
    if "proxy" in given:
        changes["proxy"] = sealed_proxy(body.identity, session.tenant, session.id, app)
        check_egress(replace(session, proxy=changes["proxy"]), required=app.settings.require_proxy)
    return changes


def identity_item(identity: Identity | None) -> dict[str, Any]:
    return {} if identity is None else identity.model_dump(exclude_none=True, exclude={"proxy"})


def sealed_proxy(identity: Identity | None, tenant: str, session_id: str, app: App) -> bytes | None:
    """Raises ValidationError `invalid_proxy`."""
    given = None if identity is None else identity.proxy
    if given is None:
        return None
    proxy = proxy_of(given.server, given.username, given.password)
    return seal_proxy(proxy, tenant=tenant, session=session_id, seals=app.seals)
