"""The API Gateway of one machine: HTTP in, the authorizer asked, the `api` function called, HTTP out.

Its limits are the cloud's, so that what works here works there. WebSocket is in `connections`, push in `push_endpoint`.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from infra.local.authorization import AuthorizerFailed, Unauthorized, authorize
from infra.local.connections import Connections
from infra.local.faults import describe
from infra.local.problems import problem
from infra.local.push_endpoint import PushEndpoint
from infra.local.rest_events import Incoming, Outgoing, authorizer_event, proxy_event, to_http
from infra.local.runtime import LocalFunction, UnusableAnswer

log = logging.getLogger("waypost.gateway")

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_HEADER_BYTES = 10_240
TIMEOUT_SECONDS = 29.0
THREADS = 32  # a call may wait up to 10 s for a command's outcome, so more than there are cores

# Asked by people and browsers without a key; the handler gets no authorizer context.
PUBLIC_PATHS = frozenset({"/v1/health", "/openapi.json", "/docs"})
PUBLIC_PREFIXES = ("/docs/", "/link/", "/media/")


class RestGateway:
    """The REST API: one resource for all paths, one function behind it."""

    def __init__(
        self, *, api: LocalFunction, authorizer: LocalFunction, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._api = api
        self._authorizer = authorizer
        self._timeout = timeout_seconds
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await self._answer(request)
        response = Response(answer.body, answer.status)
        for name, value in answer.headers:
            if name.lower() != "content-length":
                response.headers.append(name, value)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Outgoing:
        bare = _incoming(request, b"")
        if sum(len(name) + len(value) for name, value in request.headers.raw) > MAX_HEADER_BYTES:
            return problem("headers_too_large", bare.request_id)
        body = await _read(request)
        if body is None:
            return problem("too_large", bare.request_id)
        incoming = _incoming(request, body)
        loop = asyncio.get_running_loop()
        try:
            # As in the cloud, a handler that is too late works on to its end; only its answer is not awaited.
            async with asyncio.timeout(self._timeout):
                return await loop.run_in_executor(self._pool, self._call, incoming)
        except TimeoutError:
            log.warning("api: no answer within %s s, request %s", self._timeout, incoming.request_id)
            return problem("timeout", incoming.request_id)

    def _call(self, incoming: Incoming) -> Outgoing:
        try:
            caller = None if is_public(incoming.path) else authorize(self._authorizer, authorizer_event(incoming))
            return to_http(self._api(proxy_event(incoming, caller)))
        except Unauthorized:
            return problem("unauthorized", incoming.request_id)
        except AuthorizerFailed as error:
            log.error("%s: %s, request %s", error, describe(error.__cause__ or error), incoming.request_id)
            return problem("internal", incoming.request_id)
        except UnusableAnswer as error:
            log.error("%s, request %s", error, incoming.request_id)
            return problem("bad_answer", incoming.request_id)
        except Exception as error:
            log.error("api raised %s, request %s", describe(error), incoming.request_id)
            return problem("bad_answer", incoming.request_id)


def create_app(*, rest: RestGateway, connections: Connections, push_token: str) -> Starlette:
    """The gateway's routes: WebSocket, its management endpoint, and everything else to the `api` function."""
    return Starlette(
        routes=[
            WebSocketRoute("/v1/ws", connections.serve),
            Route("/@connections/{connection_id}", PushEndpoint(connections, push_token)),
            Route("/{path:path}", rest),
        ]
    )


def is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)


def _incoming(request: Request, body: bytes) -> Incoming:
    client = request.client
    source_ip = client.host if client else "127.0.0.1"
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return Incoming(
        method=request.method,
        path=request.scope["path"],
        query=request.query_params.multi_items(),
        headers=[*headers, ("x-forwarded-for", source_ip), ("x-forwarded-proto", request.url.scheme)],
        body=body,
        source_ip=source_ip,
    )


async def _read(request: Request) -> bytes | None:
    """The body, or None when it is over the limit; nothing is kept of one that says so beforehand."""
    said = request.headers.get("content-length", "0")
    if said.isdigit() and int(said) > MAX_BODY_BYTES:
        return None
    chunks, total = [], 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
