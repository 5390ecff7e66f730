"""The open WebSocket connections of one machine, with the cloud's limits, and the way into the `connections` function.

A connection: authorizer, $connect, accepted, then a reader (frame → $default), a writer (outbox → frame) and two
clocks, until one of them ends; then $disconnect.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from infra.local import websocket_events
from infra.local.authorization import Unauthorized, authorize
from infra.local.connection import MAX_MESSAGE_BYTES, Closed, Connection
from infra.local.faults import describe
from infra.local.outbox import Full
from infra.local.problems import problem
from infra.local.rest_events import Outgoing, to_http
from infra.local.runtime import Event, LocalFunction
from infra.local.websocket_events import Handshake

log = logging.getLogger("waypost.websocket")

IDLE_SECONDS = 600.0
LIFETIME_SECONDS = 7200.0
THREADS = 8
GOING_AWAY, UNSUPPORTED, POLICY, TOO_BIG, INTERNAL = 1001, 1003, 1008, 1009, 1011


class Connections:
    """Accepts connections and finds them again by id."""

    def __init__(
        self,
        *,
        handler: LocalFunction,
        authorizer: LocalFunction,
        idle_seconds: float = IDLE_SECONDS,
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> None:
        self._handler = handler
        self._authorizer = authorizer
        self._idle = idle_seconds
        self._lifetime = lifetime_seconds
        self._open: dict[str, Connection] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="connections")

    def find(self, connection_id: str) -> Connection | None:
        """None when it is gone, or not there yet: as in the cloud, nothing can be posted before $connect answers."""
        return self._open.get(connection_id)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from its handshake to its end."""
        handshake = _handshake(socket)
        try:
            authorizer = await self._run(self._authorized, handshake)
            answer = to_http(await self._run(self._handler, websocket_events.connect_event(handshake, authorizer)))
        except Unauthorized:
            await _refuse(socket, problem("unauthorized", handshake.request_id))
        except Exception as error:
            log.error("$connect failed: %s, request %s", describe(error.__cause__ or error), handshake.request_id)
            await _refuse(socket, problem("internal", handshake.request_id))
        else:  # $connect has the last word: only 2xx opens the connection
            if 200 <= answer.status < 300:
                await self._converse(socket, handshake, authorizer, _subprotocol(answer))
            else:
                await _refuse(socket, answer)

    def _authorized(self, handshake: Handshake) -> dict[str, str]:
        return authorize(self._authorizer, websocket_events.authorizer_event(handshake))

    async def _converse(
        self, socket: WebSocket, handshake: Handshake, authorizer: dict[str, str], subprotocol: str | None
    ) -> None:
        connection = Connection(handshake)
        self._open[handshake.connection_id] = connection
        closed = Closed(INTERNAL, "Internal server error")
        try:
            await socket.accept(subprotocol)
            closed = await self._until_closed(socket, connection, authorizer)
        finally:
            del self._open[handshake.connection_id]
            await self._say_goodbye(socket, handshake, authorizer, closed)

    async def _until_closed(self, socket: WebSocket, connection: Connection, authorizer: dict[str, str]) -> Closed:
        """Reader, writer and clocks side by side; the first that ends says why."""
        parts: list[Coroutine[Any, Any, Closed]] = [
            self._read(socket, connection, authorizer),
            _write(socket, connection),
            self._watch(connection),
            connection.until_told_to_close(),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, socket: WebSocket, connection: Connection, authorizer: dict[str, str]) -> Closed:
        """Messages are handled one after another. The cloud promises no order here; a client must not need one."""
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return Closed(message.get("code") or 1005, message.get("reason") or "")
            text = message.get("text")
            if text is None:
                return Closed(UNSUPPORTED, "Binary frames are not supported")
            if len(text) > MAX_MESSAGE_BYTES:
                return Closed(TOO_BIG, "Message too long")
            connection.touch()
            try:
                await self._handle(connection, authorizer, text)
            except Full:
                return Closed(POLICY, "Too slow")

    async def _handle(self, connection: Connection, authorizer: dict[str, str], text: str) -> None:
        """Call $default; what it answers as a body goes back to the caller, as by a route response."""
        event = websocket_events.message_event(connection.handshake, authorizer, text)
        try:
            answer = await self._run(self._handler, event)
            body = answer.get("body") if isinstance(answer, dict) else None
        except Exception as error:
            log.error("connections raised %s on $default", describe(error))
            body = connection.internal_error(event["requestContext"]["requestId"])
        if body:
            connection.post(body.encode())

    async def _watch(self, connection: Connection) -> Closed:
        """The two clocks: silence in both directions, and the age of the connection."""
        ends = time.monotonic() + self._lifetime
        while True:
            now = time.monotonic()
            until = min(ends, connection.last_active + self._idle)
            if until <= now:
                return Closed(GOING_AWAY, "Going away")
            await asyncio.sleep(until - now)

    async def _say_goodbye(
        self, socket: WebSocket, handshake: Handshake, authorizer: dict[str, str], closed: Closed
    ) -> None:
        if socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect, OSError):  # the client was faster
                await socket.close(closed.code, closed.reason)
        event = websocket_events.disconnect_event(handshake, authorizer, closed.code, closed.reason)
        try:
            await asyncio.shield(self._run(self._handler, event))
        except Exception as error:
            log.error("connections raised %s on $disconnect", describe(error))

    async def _run(self, call: Callable[..., Any], argument: Event | Handshake) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, argument)


async def _write(socket: WebSocket, connection: Connection) -> Closed:
    while True:
        frame = await connection.outbox.first()
        try:
            await socket.send_text(frame.decode(errors="replace"))
        except (RuntimeError, WebSocketDisconnect, OSError):
            return Closed(1006, "Connection closed abnormally")
        connection.outbox.sent()
        connection.touch()


def _handshake(socket: WebSocket) -> Handshake:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in socket.headers.raw]
    return Handshake(
        query=socket.query_params.multi_items(),
        headers=headers,
        source_ip=socket.client.host if socket.client else "127.0.0.1",
        host=socket.headers.get("host", "localhost"),
    )


def _subprotocol(answer: Outgoing) -> str | None:
    """As in the cloud, $connect picks the subprotocol: by the header of its answer."""
    return next((value for name, value in answer.headers if name.lower() == "sec-websocket-protocol"), None)


async def _refuse(socket: WebSocket, answer: Outgoing) -> None:
    await socket.send_denial_response(Response(answer.body, answer.status, dict(answer.headers)))
