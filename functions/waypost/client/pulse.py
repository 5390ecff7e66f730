"""The heartbeat of one connection: pings while nothing comes, and says when the other side is gone, or it is time."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection


class Pulse:
    """Times are in seconds by the loop's clock."""

    def __init__(self, socket: ClientConnection, ping: float, silent: float, oldest: float) -> None:
        self._socket = socket
        self._ping, self._silent = ping, silent
        self._clock = asyncio.get_running_loop().time
        self._heard = self._pinged = self._clock()
        self._ends = self._heard + oldest

    async def next_frame(self) -> dict[str, Any] | None:
        """The next frame that is a JSON object; None when the connection is silent or too old.

        Raises ConnectionClosed. What the caller did since the last frame is no silence: nobody listened then.
        """
        self._heard = self._clock()
        while (now := self._clock()) < min(self._ends, self._heard + self._silent):
            if now - self._pinged >= self._ping:
                await self._socket.send('{"action":"ping"}')
                self._pinged = now
            until = min(self._ends, self._heard + self._silent, self._pinged + self._ping)
            try:
                async with asyncio.timeout(until - now):
                    frame = json.loads(await self._socket.recv())
            except TimeoutError:
                continue
            if isinstance(frame, dict):
                return frame
        return None
