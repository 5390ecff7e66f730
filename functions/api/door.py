"""What is refused before anything is routed: bodies that are too large, of another type, or not JSON."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from api.problems import InvalidRequest
from api.uploads import MAX_UPLOAD_BYTES, PART_TYPE, takes_files, takes_parts
from waypost.errors import TooLarge, ValidationError

MAX_BODY_BYTES = 256 * 1024
_JSON = "application/json"


class _Refused(ValueError):
    """JSON that Python reads, but that is none: NaN, Infinity, half a surrogate pair."""


def check_body(event: Mapping[str, Any]) -> None:
    """Raises TooLarge, and ValidationError `unsupported_media_type` or `idempotency_key_invalid`."""
    _check_key(event)
    content_type = _header(event, "content-type").partition(";")[0].strip().lower()
    if takes_parts(event):
        _check_part(content_type)
        return
    body = raw_body(event)
    most = 2 * MAX_UPLOAD_BYTES if takes_files(event) else MAX_BODY_BYTES  # a file's quotes and line ends count twice
    if len(body) > most:
        raise TooLarge(
            f"The body has {len(body)} bytes; at most {most} are allowed.",
            field="body",
            mend="Send less in one request.",
            code="body_too_large",
        )
    if body and content_type and content_type != _JSON:
        raise ValidationError(
            "The body must be JSON.",
            field="Content-Type",
            mend=f"Send the header Content-Type: {_JSON}.",
            code="unsupported_media_type",
        )


def _check_part(content_type: str) -> None:
    """Its size is the upload's to judge; API Gateway and Lambda take no more than twice what a part has."""
    if content_type != PART_TYPE:
        raise ValidationError(
            "The body must be the bytes of the part.",
            field="Content-Type",
            mend=f"Send the header Content-Type: {PART_TYPE}.",
            code="unsupported_media_type",
        )


def plainly(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event, its type spelled as the resolver compares it: to HTTP `Application/JSON` is the same."""
    headers = {
        name: value.lower() if name.lower() == "content-type" else value
        for name, value in (event.get("headers") or {}).items()
    }
    return {**event, "headers": headers}


def raw_body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="replace")
    try:
        decoded = base64.b64decode(body, validate=True)
        decoded.decode()
    except (binascii.Error, ValueError):
        raise _invalid_json() from None
    return decoded


def read_json(text: str) -> Any:
    """Parse a body. Raises ValidationError `invalid_json`, or InvalidRequest when it is not an object."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        canonical(value)
    except (ValueError, RecursionError):  # from None: the parser's error holds the body
        raise _invalid_json() from None
    if not isinstance(value, dict):
        raise InvalidRequest(
            [
                {
                    "field": "body",
                    "code": "wrong_type",
                    "message": "The body must be a JSON object.",
                    "mend": "Send an object in braces, with the fields that GET /openapi.json lists.",
                }
            ]
        )
    return value


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON value, however it was written. Raises ValueError for half a surrogate pair."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _check_key(event: Mapping[str, Any]) -> None:
    many = event.get("multiValueHeaders") or {}
    keys = [value for name, values in many.items() if name.lower() == "idempotency-key" for value in values]
    if len(set(keys)) > 1 or not all(key.isascii() and key.isprintable() for key in keys):
        raise ValidationError(
            "There must be one Idempotency-Key, of printable ASCII characters.",
            field="Idempotency-Key",
            mend="Use a fresh UUID for each message.",
            code="idempotency_key_invalid",
        )


def _header(event: Mapping[str, Any], wanted: str) -> str:
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), "")


def _refuse(constant: str) -> NoReturn:
    raise _Refused(constant)


def _invalid_json() -> ValidationError:
    return ValidationError(
        "The body is not valid JSON in UTF-8.",
        field="body",
        mend="Check quotes, commas and braces, and that strings are whole characters.",
        code="invalid_json",
    )
