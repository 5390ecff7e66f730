"""Links for the person with the phone: made and revoked by whoever has the key. What they open is linking_page.py."""

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.addresses import public_address
from api.answers import LinkAddress
from api.belongings import own_session
from api.parameters import SessionId
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.services.egress import check_egress
from waypost.services.linking import make_link, revoke_link
from waypost.services.sessions import start_session

router = Router()
_TAGS = ["sessions"]


@router.post(
    "/v1/sessions/<session_id>/link", status_code=201, tags=_TAGS, summary="Make a link for the person with the phone"
)
def create(session_id: SessionId) -> LinkAddress:
    """The page behind it shows the newest code and how linking goes on, without a key. It is good for ten minutes and
    for the first browser that opens it; a new link ends the one before. A session that does not run is started."""
    app = bootstrap.app()
    session = own_session(session_id)
    check_egress(session, required=app.settings.require_proxy)
    token, expires_ms = make_link(session, table=app.table, keys=app.engine.keys, now_ms=app.now_ms())
    if session.desired != "running":
        start_session(session, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return LinkAddress(url=public_address(f"/link/{token}"), expires_at=rfc3339(expires_ms))


@router.delete("/v1/sessions/<session_id>/link", status_code=204, tags=_TAGS, summary="Revoke a session's link")
def delete(session_id: SessionId) -> Response[None]:
    """The page behind it answers nothing any more. Harmless when there is no link."""
    revoke_link(own_session(session_id), table=bootstrap.app().table)
    return Response(204)
