"""Handing a session over that was linked on the operator's own machine: what `waypost link` asks."""

import base64
import binascii

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import BaseModel, Field

from api.answers import Session as SessionAnswer
from api.belongings import own_session
from api.parameters import SessionId
from api.resolver import Router
from api.schemas import Request
from api.views import session_view
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.errors import ValidationError
from waypost.services.egress import open_proxy
from waypost.services.handover import MOST_PARTS, PART_BYTES, abandon, begin, complete, keep_part

router = Router()
_TAGS = ["sessions"]
_PATH = "/v1/sessions/<session_id>/handover"


class Device(BaseModel):
    """What the session's browser shows of itself, so that the one on the operator's machine shows the same."""

    locale: str | None
    timezone: str | None
    viewport: dict[str, int] | None
    proxy_server: str | None = Field(description="Its name and password are not told: give them to waypost link.")
    proxy_has_credentials: bool


class Handover(BaseModel):
    epoch: int = Field(description="Names this handover.")
    key: str = Field(description="Base64 of the AES-256 key to seal it with. Made for this handover alone.")
    part_bytes: int = Field(description="How much goes into a part, before it is sealed.")
    whatsapp_url: str
    device: Device
    expires_at: str = Field(examples=["2026-11-22T12:00:00.000Z"], description="Until then no worker takes it.")


class Part(Request):
    epoch: int = Field(ge=1)
    number: int = Field(ge=1, le=MOST_PARTS)
    data: str = Field(max_length=4 * (PART_BYTES // 3 + 100), description="Base64 of the sealed bytes.")


class Completion(Request):
    epoch: int = Field(ge=1)
    parts: int = Field(ge=1, le=MOST_PARTS)


@router.post(_PATH, status_code=201, tags=_TAGS, summary="Begin to hand over a session that is linked elsewhere")
def create(session_id: SessionId) -> Handover:
    """For `waypost link`. The session must be stopped and not linked; no worker takes it while this is under way."""
    app = bootstrap.app()
    session = own_session(session_id)
    handover, key = begin(session, table=app.table, keys=app.engine.keys, now_ms=app.now_ms())
    proxy = open_proxy(session, app.seals)
    return Handover(
        epoch=handover.epoch,
        key=base64.b64encode(key.plain).decode(),
        part_bytes=PART_BYTES,
        whatsapp_url=app.settings.whatsapp_url,
        device=Device(
            locale=session.identity.get("locale"),
            timezone=session.identity.get("timezone"),
            viewport=session.identity.get("viewport"),
            proxy_server=None if proxy is None else proxy.server,
            proxy_has_credentials=proxy is not None and proxy.username is not None,
        ),
        expires_at=rfc3339(handover.expires_ms),
    )


@router.put(_PATH, status_code=204, tags=_TAGS, summary="Send a part of the profile")
def put(session_id: SessionId, body: Part) -> Response[None]:
    """Sealed by who sends it; repeatable."""
    app = bootstrap.app()
    try:
        data = base64.b64decode(body.data, validate=True)
    except (binascii.Error, ValueError):
        raise ValidationError(
            "This is not base64.", field="data", mend="Encode the bytes.", code="not_base64"
        ) from None
    keep_part(
        own_session(session_id), body.epoch, body.number, data,
        table=app.table, blobs=app.engine.blobs["profiles"], now_ms=app.now_ms(),
    )  # fmt: skip
    return Response(204)


@router.post(f"{_PATH}/complete", tags=_TAGS, summary="Say that all parts are sent, and start the session")
def finish(session_id: SessionId, body: Completion) -> SessionAnswer:
    app = bootstrap.app()
    session = complete(
        own_session(session_id), body.epoch, body.parts, table=app.table, queues=app.engine.queues,
        blobs=app.engine.blobs["profiles"], now_ms=app.now_ms(),
    )  # fmt: skip
    return session_view(session, app)


@router.delete(_PATH, status_code=204, tags=_TAGS, summary="Give a handover up")
def delete(session_id: SessionId) -> Response[None]:
    """The session can be started here again. Harmless when there is none."""
    app = bootstrap.app()
    abandon(own_session(session_id), table=app.table, blobs=app.engine.blobs["profiles"])
    return Response(204)
