"""How the OpenAPI document shows problems: their schema, which operation may answer which, and one example each."""

from typing import Any

from api.problems import RangeRefused, problem
from api.refusals import refusal
from waypost.errors import (
    AuthenticationError,
    BusinessRuleError,
    NotFound,
    RateLimited,
    SessionNotLinked,
    Throttled,
    TooLarge,
    ValidationError,
    WaypostError,
)

_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "An error, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "category", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people. Its words may change."},
        "instance": {"type": "string", "description": "The request's id: name it when you ask for help."},
        "category": {
            "type": "string",
            "enum": ["authentication", "rate_limit", "network", "whatsapp_api", "validation", "business_logic"],
        },
        "code": {"type": "string", "description": "For programs. Stable."},
        "field": {"type": "string", "description": "The input that is wrong."},
        "mend": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "array",
            "description": "Every wrong input, where there may be several.",
            "items": {
                "type": "object",
                "required": ["field", "code", "message", "mend"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message", "mend")},
            },
        },
    },
}


def statuses_of(path: str, method: str, *, public: bool, asks: bool = False) -> list[int]:
    """Which problems an operation may answer. `asks`: it asks the session's browser for something."""
    if public:
        return [500, 503]
    found = [401, 422, 500, 503]
    # A session may be named in the query or the body.
    named = path in ("/v1/events", "/v1/webhooks") or (method == "post" and path in ("/v1/bulk", "/v1/pools"))
    if "{" in path or named:
        found.append(404)
    if path.endswith("/qr"):
        found += [406, 409]
    if path.startswith("/v1/media/") and path.endswith(("/content", "/thumbnail")):
        found += [409, 416]
    if method in ("post", "put", "patch"):
        found += [400, 409, 413, 415]
    if path.endswith("/messages") and method == "post":
        found.append(403)
    if method == "post" and path.endswith(("/messages", "/v1/bulk", "/contacts/check")):
        found.append(429)
    if asks:
        found += [409, 502, 504]
    return sorted(set(found))


def _example(description: str, error: WaypostError) -> tuple[str, dict[str, Any]]:
    return description, problem(error, _REQUEST_ID)


EXAMPLES: dict[int, tuple[str, dict[str, Any]]] = {
    400: _example(
        "The body is not JSON.",
        ValidationError("The body is not valid JSON in UTF-8.", field="body", code="invalid_json"),
    ),
    401: _example(
        "There is no valid key.",
        AuthenticationError(
            "The API key is missing or unknown.",
            mend="Send a valid key in the header x-api-key, or as Authorization: Bearer.",
        ),
    ),
    403: _example(
        "A rule of consent says no.",
        BusinessRuleError(
            "This person has asked for no more messages.",
            field="to",
            mend="They may write START to you, or agree anew: record that with POST /v1/contacts/{contact}/consents.",
            code="opted_out",
        ),
    ),
    404: _example(
        "There is no such thing, or it is not yours.",
        NotFound(
            "There is no such session.",
            field="session_id",
            mend="List the sessions with GET /v1/sessions.",
            code="session_not_found",
        ),
    ),
    406: _example(
        "None of the accepted types can be given.",
        ValidationError("None of the accepted media types can be given.", field="Accept", code="not_acceptable"),
    ),
    409: _example(
        "Its state does not allow this now, or the first request with this key still runs.",
        SessionNotLinked(
            "The session is not linked to a WhatsApp account (it is scan_qr).",
            field="session_id",
            mend="Start it and scan the code from GET /v1/sessions/{id}/qr.",
        ),
    ),
    413: _example(
        "The body is too large.",
        TooLarge("The body has 300000 bytes; at most 262144 are allowed.", field="body", code="body_too_large"),
    ),
    415: _example(
        "The body is of another type.",
        ValidationError("The body must be JSON.", field="Content-Type", code="unsupported_media_type"),
    ),
    416: _example(
        "Another part of the file must be asked for.",
        RangeRefused(
            "The file has 9000000 bytes, and one answer holds at most 4194304.",
            mend="Ask part by part: Range: bytes=0-4194303, and so on.",
            size=9_000_000,
        ),
    ),
    422: _example(
        "The request is understood, and wrong.",
        ValidationError(
            "This is not a chat that can exist.",
            field="to",
            mend="Give an international number such as +4915112345678, or a chat id such as 4915112345678@c.us.",
            code="invalid_chat_id",
        ),
    ),
    429: _example(
        "There is no room, or a budget is used up; Retry-After tells when there will be again.",
        RateLimited(
            "What waits in the interactive lane of this session takes longer than 24 hours to send.",
            retry_after=600,
            mend="Try again after the seconds in Retry-After, use another session or a pool, or cancel what waits.",
            code="queue_full",
        ),
    ),
    500: _example("A mistake of ours.", WaypostError("")),
    502: _example("WhatsApp Web did not do it.", refusal("page_gone")),
    503: _example("The storage asks for patience.", Throttled("")),
    504: _example("WhatsApp Web did not answer in time.", refusal("timeout")),
}
