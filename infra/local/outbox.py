"""The bounded buffer between whoever posts to a connection and the client that reads it at its own pace."""

import asyncio
from collections import deque

MAX_BUFFERED_BYTES = 512 * 1024


class Full(Exception):
    """The client reads too slowly: nothing was taken."""


class Outbox:
    """Frames in the order of their posting. Used on one event loop only."""

    def __init__(self, limit: int = MAX_BUFFERED_BYTES) -> None:
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._limit = limit
        self._filled = asyncio.Event()

    def put(self, frame: bytes) -> None:
        """Take it or raise Full. One frame is always taken when nothing waits."""
        if self._frames and self._size + len(frame) > self._limit:
            raise Full
        self._frames.append(frame)
        self._size += len(frame)
        self._filled.set()

    async def first(self) -> bytes:
        """The next frame. It counts until `sent` says that the client's socket has taken it."""
        await self._filled.wait()
        return self._frames[0]

    def sent(self) -> None:
        self._size -= len(self._frames.popleft())
        if not self._frames:
            self._filled.clear()
