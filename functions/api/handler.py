"""The API function: one Lambda behind API Gateway's REST API for all routes (decision 9).

    event ─► door (size, type) ─► resolver ─► validation ─► once (Idempotency-Key) ─► route ─► answer
                    │                 │            │                   │               │
                    └─────────────────┴────────────┴─── problems ──────┴───────────────┘

Trigger: proxy integration, payload v1. On failure it answers a problem; it never raises, so nothing is retried here.
"""

import functools
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from api import docs, events, health, messages, qr, sessions, webhooks
from api.current import current
from api.door import read_json
from api.idempotent import once
from api.invalid import invalid
from api.problems import InternalError, response
from api.resolver import Resolver
from waypost.errors import WaypostError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

resolver = Resolver(
    enable_validation=True,
    # Told apart from the caller's mistakes: an answer that does not fit its own model is ours.
    response_validation_error_http_code=500,
    json_body_deserializer=read_json,
    debug=False,  # it would print events, which hold bodies and numbers
)
resolver.use([once])
for _resource in (sessions, qr, messages, events, webhooks, health, docs):
    resolver.include_router(_resource.router)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return resolver.resolve(event, context)


def on_refusal(error: WaypostError) -> Response[str]:
    return response(error, current().request_id)


def on_invalid(error: RequestValidationError) -> Response[str]:
    return response(invalid(error.errors()), current().request_id)


def on_mistake(error: Exception) -> Response[str]:
    """What nobody expected. Its text may hold anything, so only its type and the places it passed are logged."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    call = current()
    _log().error("unexpected", request_id=call.request_id, route=call.route, error=type(error).__name__, places=places)
    return response(InternalError(""), call.request_id)


resolver.exception_handler(WaypostError)(on_refusal)
resolver.exception_handler(RequestValidationError)(on_invalid)
resolver.exception_handler(Exception)(on_mistake)
resolver.get_ready()


@functools.cache
def _log() -> "Logger":
    from waypost.observability import logger

    return logger("api")
