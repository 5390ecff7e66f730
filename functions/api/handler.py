"""The API function: one Lambda behind API Gateway's REST API for all routes (decision 9).

    event ─► door (size, type) ─► resolver ─► validation ─► once (Idempotency-Key) ─► route ─► answer
                    │                 │            │                   │               │
                    └─────────────────┴────────────┴─── problems ──────┴───────────────┘

Trigger: proxy integration, payload v1. On failure it answers a problem; it never raises, so nothing is retried here.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from api import (
    bulk,
    changes,
    chats,
    commands,
    consent_rules,
    consents,
    contacts,
    docs,
    events,
    groups,
    handovers,
    health,
    linking_page,
    links,
    media,
    media_reading,
    messages,
    pairing,
    pools,
    qr,
    queue,
    sessions,
    templates,
    webhook_deliveries,
    webhooks,
)
from api.access_log import note_mistake
from api.current import current
from api.door import read_json
from api.idempotent import once
from api.invalid import invalid
from api.problems import InternalError, response, status_of
from api.resolver import Resolver
from waypost.errors import WaypostError

resolver = Resolver(
    enable_validation=True,
    # Told apart from the caller's mistakes: an answer that does not fit its own model is ours.
    response_validation_error_http_code=500,
    json_body_deserializer=read_json,
    debug=False,  # it would print events, which hold bodies and numbers
)
resolver.use([once])
for _resource in (
    sessions, links, linking_page, handovers, qr, pairing, commands,
    messages, media, media_reading, queue, bulk, pools, changes, chats, contacts, groups, consents, consent_rules,
    templates, events, webhooks, webhook_deliveries, health, docs,
):  # fmt: skip
    resolver.include_router(_resource.router)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return resolver.resolve(event, context)


def on_refusal(error: WaypostError) -> Response[str]:
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        note_mistake(current(), error)
    return response(error, current().request_id)


def on_invalid(error: RequestValidationError) -> Response[str]:
    return response(invalid(error.errors(), current().route), current().request_id)


def on_mistake(error: Exception) -> Response[str]:
    """What nobody expected: the caller is told the request id, and nothing else."""
    note_mistake(current(), error)
    return response(InternalError(""), current().request_id)


resolver.exception_handler(WaypostError)(on_refusal)
resolver.exception_handler(RequestValidationError)(on_invalid)
resolver.exception_handler(Exception)(on_mistake)
resolver.get_ready()
