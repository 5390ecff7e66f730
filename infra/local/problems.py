"""The answers that the gateway gives itself, before or instead of a handler, in `application/problem+json` (RFC 9457).

In the cloud the stack's gateway responses say the same, word for word.
"""

import json

from infra.local.rest_events import Outgoing

PROBLEMS: dict[str, tuple[int, str, str, str, str]] = {
    # code: status, category, title, detail, mend
    "unauthorized": (
        401,
        "authentication",
        "Unauthorized",
        "The API key is missing or unknown.",
        "Send a valid key in the header x-api-key, or as Authorization: Bearer.",
    ),
    "too_large": (
        413,
        "validation",
        "Content Too Large",
        "The body is over 10 MB.",
        "Send less in one request.",
    ),
    "headers_too_large": (
        431,
        "validation",
        "Request Header Fields Too Large",
        "The headers have more than 10,240 bytes in all.",
        "Send fewer or shorter headers.",
    ),
    "internal": (
        500,
        "network",
        "Internal Server Error",
        "The request could not be handled.",
        "Try again; if it stays, look into the gateway's log under the request id.",
    ),
    "bad_answer": (
        502,
        "network",
        "Bad Gateway",
        "The request was handled, but its answer could not be used.",
        "Look into the gateway's log under the request id.",
    ),
    "timeout": (
        504,
        "network",
        "Gateway Timeout",
        "There was no answer within 29 seconds.",
        "Try again with the same Idempotency-Key: what was done is not done twice.",
    ),
}


def problem(code: str, request_id: str) -> Outgoing:
    """The answer for one of PROBLEMS."""
    status, category, title, detail, mend = PROBLEMS[code]
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "category": category,
        "code": code,
        "mend": mend,
        "request_id": request_id,
    }
    headers = [("content-type", "application/problem+json"), ("x-request-id", request_id)]
    if status == 401:
        headers.append(("www-authenticate", "Bearer"))
    return Outgoing(status, headers, json.dumps(document).encode())
