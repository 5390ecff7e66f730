"""Every POST may be repeated: with an Idempotency-Key it is done once and answered the same each time (P2).

What a retry could mend is not kept: 403 and 409 (consent or state may change), 429 and 5xx free the key.
"""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from api.current import Call, current
from api.door import canonical, read_json
from api.problems import CONTENT_TYPE, response, status_of
from waypost import bootstrap
from waypost.bootstrap import App
from waypost.errors import WaypostError
from waypost.services.idempotency import Request, Stored

REPLAYED = "Idempotency-Replayed"
_WITHOUT_KEY = "/link/"  # asked by people without a tenant; what is posted there is harmless to repeat
_FREED = (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


def once(resolver: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Middleware of all routes. It runs after the request was validated: what never began is not kept."""
    call = current()
    if call.event.http_method != "POST" or call.route.startswith(_WITHOUT_KEY):
        return next_middleware(resolver)
    app = bootstrap.app()
    call.request = Request(
        tenant=call.tenant, route=_route(call), key=call.header("idempotency-key"), keys=app.engine.keys
    )
    stored = call.request.begin(_body(call), table=app.table, seals=app.seals, now_ms=app.now_ms())
    if stored is not None:
        return _replay(stored)
    try:
        answer = _answer(resolver, next_middleware, call)
        _keep(call.request, answer, app)
    except Exception:
        call.request.abandon(table=app.table)
        raise
    return answer


def _answer(resolver: APIGatewayRestResolver, next_middleware: NextMiddleware, call: Call) -> Response[Any]:
    """The route's answer, or the problem that it raised: both may be kept."""
    try:
        answer: Response[Any] = next_middleware(resolver)
    except WaypostError as error:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return response(error, call.request_id)
    if answer.body is not None and not isinstance(answer.body, str):
        answer.body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return answer


def _keep(request: Request, answer: Response[Any], app: App) -> None:
    if answer.status_code in _FREED:
        request.abandon(table=app.table)
    else:
        request.finish(answer.status_code, (answer.body or "").encode(), table=app.table, seals=app.seals)


def _replay(stored: Stored) -> Response[Any]:
    content_type = CONTENT_TYPE if stored.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(stored.status, content_type, stored.body.decode(), headers={REPLAYED: "true"})


def _route(call: Call) -> str:
    return f"POST {call.event.path.rstrip('/')}"


def _body(call: Call) -> bytes:
    text = call.event.decoded_body
    return canonical(read_json(text)) if text else b""
