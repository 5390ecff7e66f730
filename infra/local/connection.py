"""One open WebSocket connection as the rest of the gateway sees it."""

import asyncio
import json
import time
from dataclasses import dataclass

from infra.local.outbox import Outbox
from infra.local.websocket_events import Handshake

MAX_MESSAGE_BYTES = 128 * 1024
MAX_FRAME_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a connection ended."""

    code: int
    reason: str


class Connection:
    def __init__(self, handshake: Handshake) -> None:
        self.handshake = handshake
        self.outbox = Outbox()
        self.last_active = time.monotonic()
        self.last_active_at = time.time()
        self._told_to_close = asyncio.Event()

    def touch(self) -> None:
        self.last_active = time.monotonic()
        self.last_active_at = time.time()

    def post(self, frame: bytes) -> None:
        """Hand a frame to the writer. Raises Full when the client reads too slowly."""
        self.outbox.put(frame)

    def close(self) -> None:
        self._told_to_close.set()

    async def until_told_to_close(self) -> Closed:
        await self._told_to_close.wait()
        return Closed(1000, "Connection closed by the service")

    def internal_error(self, request_id: str) -> str:
        """What API Gateway says to the client when the function fails."""
        return json.dumps(
            {
                "message": "Internal server error",
                "connectionId": self.handshake.connection_id,
                "requestId": request_id,
            }
        )
