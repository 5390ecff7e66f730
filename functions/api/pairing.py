"""Linking by a code that is typed into the phone, for whom cannot scan one."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import BaseModel

from api.asking import answering_with, ask_owner
from api.belongings import own_session
from api.chat_answers import PairingCode
from api.chat_schemas import Phone
from api.parameters import SessionId
from api.resolver import Router
from waypost.domain.addresses import parse_address
from waypost.domain.event import rfc3339
from waypost.entities.session import Session
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
    return ask_pairing_code(own_session(session_id), body.phone)


def documented(result: dict[str, Any]) -> PairingCode:
    return PairingCode(code=result["code"], expires_at=rfc3339(result["expires_ms"]))


def ask_pairing_code(
    session: Session, phone: str, *, done: Callable[[dict[str, Any]], BaseModel] = documented
) -> Response[str]:
    """Raises ValidationError `not_a_number` and those of an address; Conflict `already_linked` or
    `pairing_not_available`."""
    address = parse_address(phone, field="phone")
    if address.kind != "user":
        raise ValidationError(
            "A code is made for a phone number.", field="phone", mend="Give the account's number, +49…",
            code="not_a_number",
        )  # fmt: skip
    if session.me is not None:
        raise Conflict(
            "The session is linked to an account already.",
            field="session_id",
            mend="Log it out first: POST /v1/sessions/{id}/logout.",
            code="already_linked",
        )
    if session.status != "scan_qr":
        raise Conflict(
            f"There is nothing to link now: the session is {session.status}.",
            field="session_id",
            mend="A session that waits to be linked has the status scan_qr.",
            code="pairing_not_available",
        )
    return ask_owner(session, "pairing_code", {"phone": address.digits}, done=done)
