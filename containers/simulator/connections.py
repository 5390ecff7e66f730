"""Live connections of pages: who is on the line, and an ordered way to speak to each."""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

Stanza = dict[str, Any]


class Connection:
    """One page on the line. What it is told leaves in the order it was said, latency included."""

    def __init__(self, socket: WebSocket, registry: "Connections") -> None:
        self._socket = socket
        self._registry = registry
        self._outbound: asyncio.Queue[tuple[float, Stanza | None]] = asyncio.Queue()
        self.page = ""
        self.nonce = b""
        self.device: str | None = None
        self.number: str | None = None
        self.available = False
        self.subscriptions: set[str] = set()
        self.gone = asyncio.Event()

    def send(self, stanza: Stanza) -> None:
        self._outbound.put_nowait((self._due(), stanza))

    def hang_up(self) -> None:
        """Closes after everything said so far was sent."""
        self._outbound.put_nowait((self._due(), None))

    def _due(self) -> float:
        """Jitter never reorders: what was said later waits behind what was said earlier."""
        latency, jitter = self._registry.slowness(self.number)
        delay = latency + (random.randrange(jitter + 1) if jitter else 0)  # noqa: S311  # no secret depends on it
        return asyncio.get_running_loop().time() + delay / 1000

    async def speak(self) -> None:
        """Sends what is queued until the line is closed from either side."""
        try:
            while True:
                due, stanza = await self._outbound.get()
                wait = due - asyncio.get_running_loop().time()
                if wait > 0:
                    await asyncio.sleep(wait)
                if stanza is None:
                    await self._socket.close()
                    return
                await self._socket.send_text(json.dumps(stanza))
        except (WebSocketDisconnect, RuntimeError):
            # The page left while we spoke: what it did not acknowledge stays in its inbox.
            return


class Connections:
    def __init__(self) -> None:
        self._all: set[Connection] = set()
        self._by_device: dict[str, Connection] = {}
        self.latency_ms = 0
        self.jitter_ms = 0
        self.slow: dict[str, tuple[int, int]] = {}

    def slowness(self, number: str | None) -> tuple[int, int]:
        """Latency and jitter in milliseconds: the network's and the account's add up."""
        latency, jitter = self.slow.get(number or "", (0, 0))
        return self.latency_ms + latency, self.jitter_ms + jitter

    def add(self, connection: Connection) -> None:
        self._all.add(connection)

    def log_in(self, connection: Connection, device: str, number: str) -> None:
        connection.device, connection.number = device, number
        self._by_device[device] = connection

    def drop(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection.device and self._by_device.get(connection.device) is connection:
            del self._by_device[connection.device]
        connection.gone.set()

    def of_device(self, device: str) -> Connection | None:
        return self._by_device.get(device)

    def of_account(self, number: str) -> Iterator[Connection]:
        return (c for c in list(self._by_device.values()) if c.number == number)

    def logged_in(self) -> list[Connection]:
        return list(self._by_device.values())

    def everyone(self) -> list[Connection]:
        return list(self._all)
