"""When a session's profile is backed up: at once when it was linked, within 15 s of traffic, again after a failure, and
every hour: WhatsApp renews keys in a profile that sees no message, too."""

import asyncio
import time
from collections.abc import Awaitable, Callable

AFTER_TRAFFIC_S = 10.0  # the backup itself takes seconds at most: it is over within 15 s of the first traffic
LONGEST_S = 3600.0
_FIRST_RETRY_S, _LONGEST_RETRY_S = 5.0, 60.0


class Keeper:
    """`back_up` does it; False when it could not now, and another try makes sense."""

    def __init__(self, back_up: Callable[[], Awaitable[bool]]) -> None:
        self._back_up = back_up
        self._due = time.monotonic() + LONGEST_S
        self._failures = 0
        self._changed = asyncio.Event()

    def traffic(self) -> None:
        """Something is in the profile that no backup has."""
        self._want(AFTER_TRAFFIC_S)

    def at_once(self) -> None:
        self._want(0)

    async def run(self) -> None:
        """Until cancelled. Raises what `back_up` raises."""
        while True:
            if (left := self._due - time.monotonic()) > 0:
                await self._wait(left)
            else:
                await self._try()

    async def _try(self) -> None:
        self._due = time.monotonic() + LONGEST_S  # what comes while it runs wants another one
        if await self._back_up():
            self._failures = 0
            return
        self._failures += 1
        self._want(min(_FIRST_RETRY_S * 2 ** (self._failures - 1), _LONGEST_RETRY_S))

    async def _wait(self, seconds: float) -> None:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _want(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        if due < self._due:
            self._due = due
            self._changed.set()
