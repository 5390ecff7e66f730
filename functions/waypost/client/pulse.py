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
        self._waits = False  # for a frame, since `_heard`

    async def next_frame(self, within: float | None) -> dict[str, Any] | None:
        """The next frame that is a JSON object; an empty one when none came `within` that time; None when the
        connection is silent or too old.

        Raises ConnectionClosed. What the caller did since the last frame is no silence: nobody listened then.
        """
        called = self._clock()
        if not self._waits:
            self._heard = called
        self._waits = True
        patient_until = called + within if within is not None else self._ends
        while (now := self._clock()) < min(self._ends, self._heard + self._silent):
            if now - self._pinged >= self._ping:
                await self._socket.send('{"action":"ping"}')
                self._pinged = now
            until = min(self._ends, self._heard + self._silent, self._pinged + self._ping, patient_until)
            try:
                async with asyncio.timeout(until - now):
                    frame = json.loads(await self._socket.recv())
            except TimeoutError:
                if self._clock() >= patient_until:
                    return {}
                continue
            if isinstance(frame, dict):
                self._waits = False
                return frame
        return None
