"""Linking by a code that is typed into the phone, for whom cannot scan one."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.asking import answering_with, ask_owner
from api.belongings import own_session
from api.chat_answers import PairingCode
from api.chat_schemas import Phone
from api.parameters import SessionId
from api.resolver import Router
from waypost.domain.addresses import parse_address
from waypost.domain.event import rfc3339
from waypost.errors import Conflict, ValidationError

router = Router()


@router.post(
    "/v1/sessions/<session_id>/pairing-code",
    tags=["sessions"],
    summary="Get a code to type into the phone",
    responses=answering_with(PairingCode),
)
def create(session_id: SessionId, body: Phone) -> Response[str]:
    """While the session is `scan_qr`. `session_status` tells how it goes on: `pairing`, `syncing`, `working`."""
    session = own_session(session_id)
    address = parse_address(body.phone, field="phone")
    if address.kind != "user":
        raise ValidationError(
            "A code is made for a phone number.", field="phone", mend="Give the account's number, +49…",
            code="not_a_number",
        )  # fmt: skip
    if session.status != "scan_qr":
        raise Conflict(
            f"There is nothing to link now: the session is {session.status}.",
            field="session_id",
            mend="A session that waits to be linked has the status scan_qr.",
            code="pairing_not_available",
        )

    def done(result: dict[str, Any]) -> PairingCode:
        return PairingCode(code=result["code"], expires_at=rfc3339(result["expires_ms"]))

    return ask_owner(session, "pairing_code", {"phone": address.digits}, done=done)
