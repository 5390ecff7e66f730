"""The OpenAPI 3.1 document: Powertools' from the models, with the key, the problems and the headers added."""

import functools
import inspect
import json
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver

from api.idempotent import REPLAYED
from api.problem_examples import EXAMPLES, PROBLEM_SCHEMA, statuses_of

TITLE = "Waypost API"
VERSION = "0.1.0"
_DESCRIPTION = """Send and receive WhatsApp messages through your own linked accounts.

Every error is `application/problem+json` (RFC 9457) with a stable `code`, a `category`, and how to mend it.
Every POST takes an `Idempotency-Key`: repeat a request with the same key and body, and it is done once."""
_TAGS = (
    "sessions", "messages", "media", "queue", "bulk", "pools", "chats", "contacts", "groups", "consent", "templates",
    "events", "webhooks", "service",
)  # fmt: skip
_PUBLIC = ("/v1/health",)
_POWERTOOLS_SCHEMAS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


@functools.cache
def document(resolver: APIGatewayRestResolver, base_path: str) -> dict[str, Any]:
    schema = resolver.get_openapi_schema(title=TITLE, version=VERSION, description=_DESCRIPTION, tags=list(_TAGS))
    found: dict[str, Any] = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
    found["servers"] = [{"url": base_path}]
    found["security"] = [{"apiKey": []}, {"bearer": []}]
    found["paths"] = dict(sorted(found["paths"].items()))
    components = found["components"]
    components["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    for name in _POWERTOOLS_SCHEMAS:
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = PROBLEM_SCHEMA
    said = _said_of_routes(resolver)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
            if (path, method) in said:
                operation["description"] = said[path, method]
    return found


def _said_of_routes(resolver: APIGatewayRestResolver) -> dict[tuple[str, str], str]:
    """What stands at a route's own function, by path and method; its lines joined, its paragraphs kept."""
    found: dict[tuple[str, str], str] = {}
    for route in (*resolver._static_routes, *resolver._dynamic_routes):
        paragraphs = (inspect.getdoc(route.func) or "").split("\n\n")
        if text := "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs):
            found[route.openapi_path, route.method.lower()] = text
    return found


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """What the models do not say of an operation."""
    responses = {code: response for code, response in operation["responses"].items() if code.startswith("2")}
    if "204" in responses:
        responses["204"] = {"description": "Done."}
    if path in _PUBLIC:
        operation["security"] = []
    if method == "post":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        for response in responses.values():
            response["headers"] = dict(_REPLAYED)
    if path.endswith("/parts/{number}"):
        operation["requestBody"] = _PART
    if path.endswith("/qr"):
        responses["200"]["headers"] = _QR_HEADERS
    asks = "CommandAccepted" in json.dumps(responses.get("202", {}))
    if asks:
        responses["202"]["headers"] = {**responses["202"].get("headers", {}), **_LOCATION}
    for status in statuses_of(path, method, public=path in _PUBLIC, asks=asks):
        responses[str(status)] = _problem_response(status)
    operation["responses"] = dict(sorted(responses.items()))


def _problem_response(status: int) -> dict[str, Any]:
    description, example = EXAMPLES[status]
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }


_PART = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh UUID for each new request; the same one to repeat a request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_REPLAYED = {REPLAYED: {"description": "`true` on a stored answer.", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "Where the command's outcome will stand.", "schema": {"type": "string"}}}
_QR_HEADERS = {
    "X-Qr-Sequence": {"description": "Counts the codes of the session.", "schema": {"type": "integer"}},
    "X-Qr-Expires-At": {"description": "When the code dies.", "schema": {"type": "string", "format": "date-time"}},
}
