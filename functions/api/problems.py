"""Errors on the wire: THE table of code or class → HTTP status, as RFC 9457 `application/problem+json`.

    {"type", "title", "status", "detail", "instance", "category", "code"} always,
    {"field", "mend", "errors"} where they are known. `instance` is the request id, which the logs carry too.

Nothing of a body, a number or an exception's text from below gets into a problem (P6).
"""

import json
import math
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from waypost.errors import (
    AuthenticationError,
    BusinessRuleError,
    Conflict,
    IdempotencyMismatch,
    NetworkError,
    NotFound,
    RateLimited,
    SessionNotLinked,
    StorageError,
    Tampered,
    TooLarge,
    ValidationError,
    WaypostError,
    WhatsAppError,
)

CONTENT_TYPE = "application/problem+json"

# A code wins over the class that carries it.
STATUS_BY_CODE: dict[str, int] = {
    "invalid_json": 400,
    "route_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    # Consent (P7): the rule that said no. What would allow it is in `mend`.
    "opted_out": 403,
    "consent_withdrawn": 403,
    "consent_missing": 403,
    "consent_expired": 403,
    "reply_window_closed": 403,
    "template_required": 403,
    "not_a_saved_contact": 403,
    "unsupported_media_type": 415,
    "text_too_long": 422,
    "caption_too_long": 422,
    "media_source_too_large": 413,
    "range_refused": 416,
    # What WhatsApp said no to: its state does not allow it, or what was asked for cannot be.
    "edit_window_over": 409,
    "revoke_window_over": 409,
    "not_own_message": 409,
    "message_revoked": 409,
    "message_not_in_whatsapp": 409,
    "not_group_admin": 409,
    "not_group_member": 409,
    "group_full": 409,
    "group_not_found": 404,
    "not_on_whatsapp": 422,
    "invalid_wid": 422,
    "command_timeout": 504,
}

# The first class that fits.
STATUS_BY_CLASS: tuple[tuple[type[WaypostError], int], ...] = (
    (SessionNotLinked, 409),
    (AuthenticationError, 401),
    (RateLimited, 429),
    (NotFound, 404),
    (TooLarge, 413),
    (ValidationError, 422),
    (Conflict, 409),
    (IdempotencyMismatch, 422),
    (BusinessRuleError, 422),
    (NetworkError, 502),
    (WhatsAppError, 502),
    (Tampered, 500),
    (StorageError, 503),
)

_RETRY_SECONDS = {"request_in_progress": 1}
_UNAVAILABLE_RETRY_SECONDS = 1


class RouteNotFound(NotFound):
    code = "route_not_found"


class MethodNotAllowed(ValidationError):
    code = "method_not_allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        super().__init__(f"This address does not take {method}.", mend=f"Use {' or '.join(allowed)}.")
        self.allowed = allowed


class RangeRefused(ValidationError):
    """Of a file that has `size` bytes, another part must be asked for."""

    code = "range_refused"

    def __init__(self, message: str, *, mend: str, size: int) -> None:
        super().__init__(message, field="Range", mend=mend)
        self.size = size


class InvalidRequest(ValidationError):
    """Several inputs may be wrong: `errors` lists every one, each `{field, code, message, mend}`."""

    code = "invalid_request"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("The request is not what this address takes.", field=errors[0]["field"])
        self.mend = errors[0]["mend"]
        self.errors = errors


class InternalError(WaypostError):
    """A mistake of ours. Tells nothing but the request id."""

    category = "network"
    code = "internal"


def status_of(error: WaypostError) -> int:
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next((status for kind, status in STATUS_BY_CLASS if isinstance(error, kind)), 500)


def problem(error: WaypostError, request_id: str) -> dict[str, Any]:
    """The document."""
    error = _presentable(error)
    status = status_of(error)
    document: dict[str, Any] = {
        "type": f"urn:waypost:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "instance": request_id,
        "category": error.category,
        "code": error.code,
        "field": error.field,
        "mend": error.mend,
        "errors": getattr(error, "errors", None),
    }
    return {name: value for name, value in document.items() if value is not None}


def headers(error: WaypostError) -> dict[str, str]:
    found = {"Content-Type": CONTENT_TYPE}
    status = status_of(error)
    if isinstance(error, RateLimited):
        found["Retry-After"] = str(max(1, math.ceil(error.retry_after)))  # never too early
    elif error.code in _RETRY_SECONDS:
        found["Retry-After"] = str(_RETRY_SECONDS[error.code])
    elif status == 503:
        found["Retry-After"] = str(_UNAVAILABLE_RETRY_SECONDS)
    if isinstance(error, MethodNotAllowed):
        found["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RangeRefused):
        found |= {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
    if status == 401:
        found["WWW-Authenticate"] = "Bearer"
    return found


def response(error: WaypostError, request_id: str) -> Response[str]:
    """The problem as the resolver's answer."""
    document = problem(error, request_id)
    return Response(document["status"], body=json.dumps(document, ensure_ascii=False), headers=headers(error))


def _presentable(error: WaypostError) -> WaypostError:
    """An error from below the services names tables and queues: those words are for us, not for callers."""
    status = status_of(error)
    if status == 500:
        return InternalError(
            "The request could not be handled.", mend="Try again; if it stays, report the request id in `instance`."
        )
    if status == 503:
        return StorageError(
            "The request could not be stored just now.",
            mend="Try again in a second, with the same Idempotency-Key: what was done is not done twice.",
            code="unavailable",
        )
    if type(error) is ValidationError and (error.code, error.field) == (ValidationError.code, "cursor"):
        return ValidationError(
            "This is not a cursor of this list.",
            field="cursor",
            mend="Hand back `next_cursor` as it came, with the same question.",
            code="invalid_cursor",
        )
    if type(error) is NotFound and error.code == NotFound.code:
        return NotFound("There is no such thing any more.")
    return error
