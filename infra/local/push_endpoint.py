"""The management endpoint of open connections, `/@connections/{id}`: POST a frame, GET its state, DELETE it.

As in the cloud: 410 when it is gone, 413 over 128 KB, 429 when the client's buffer is full. What the cloud asks
by a signature is asked here by a token, which stands in `gateway.json` of the home, readable by its owner only.
"""

import hmac
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.connection import MAX_MESSAGE_BYTES, Connection
from infra.local.connections import Connections
from infra.local.outbox import Full


class PushEndpoint:
    def __init__(self, connections: Connections, token: str) -> None:
        self._connections = connections
        self._expected = f"Bearer {token}".encode()
        self._signed = f"AWS4-HMAC-SHA256 Credential={token}/".encode()  # the AWS engine's way to show it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        signed = hmac.compare_digest(given[: len(self._signed)], self._signed)
        if not (signed or hmac.compare_digest(given, self._expected)):
            return _refusal(403, "The push token of gateway.json is missing or wrong.")
        connection = self._connections.find(request.path_params["connection_id"])
        if connection is None:
            return _refusal(410, "The connection is gone.")
        match request.method:
            case "POST":
                return _post(connection, await request.body())
            case "DELETE":
                connection.close()
                return Response(status_code=204)
            case "GET":
                return JSONResponse(_state(connection))
        return _refusal(405, "POST, GET or DELETE.")


def _post(connection: Connection, frame: bytes) -> Response:
    if len(frame) > MAX_MESSAGE_BYTES:
        return _refusal(413, f"The frame has {len(frame)} bytes, the limit is {MAX_MESSAGE_BYTES}.")
    try:
        connection.post(frame)
    except Full:
        return _refusal(429, "The client reads too slowly: its buffer is full.")
    return Response(status_code=200)


def _state(connection: Connection) -> dict[str, object]:
    handshake = connection.handshake
    return {
        "connectedAt": _iso(handshake.connected),
        "lastActiveAt": _iso(connection.last_active_at),
        "identity": {"sourceIp": handshake.source_ip, "userAgent": handshake.user_agent},
    }


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
