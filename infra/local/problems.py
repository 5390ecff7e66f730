"""The answers that the gateway gives itself, before or instead of a handler, in `application/problem+json` (RFC 9457).

Of one form with the API's own: the same members, `instance` is the request's id. In the cloud the stack's
gateway responses say the same, word for word.
"""

import json
from http import HTTPStatus

from infra.local.rest_events import Outgoing

PROBLEMS: dict[str, tuple[int, str, str, str]] = {
    # code: status, category, detail, mend
    "unauthorized": (
        401,
        "authentication",
        "The API key is missing or unknown.",
        "Send a valid key in the header x-api-key, or as Authorization: Bearer.",
    ),
    "too_large": (
        413,
        "validation",
        "The body is over 10 MB.",
        "Send less in one request.",
    ),
    "headers_too_large": (
        431,
        "validation",
        "The headers have more than 10,240 bytes in all.",
        "Send fewer or shorter headers.",
    ),
    "internal": (
        500,
        "network",
        "The request could not be handled.",
        "Try again; if it stays, look into the gateway's log under the request id in `instance`.",
    ),
    "bad_answer": (
        502,
        "network",
        "The request was handled, but its answer could not be used.",
        "Look into the gateway's log under the request id in `instance`.",
    ),
    "timeout": (
        504,
        "network",
        "There was no answer within 29 seconds.",
        "Try again with the same Idempotency-Key: what was done is not done twice.",
    ),
}


def problem(code: str, request_id: str) -> Outgoing:
    """The answer for one of PROBLEMS."""
    status, category, detail, mend = PROBLEMS[code]
    document = {
        "type": f"urn:waypost:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request_id,
        "category": category,
        "code": code,
        "mend": mend,
    }
    headers = [("content-type", "application/problem+json"), ("cache-control", "no-store")]
    if status == 401:
        headers.append(("www-authenticate", "Bearer"))
    return Outgoing(status, headers, json.dumps(document).encode())
