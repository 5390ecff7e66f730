"""The demo as a user of Waypost: it waits for statuses and codes, and watches what `waypost.client` hands out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from waypost.client import Event, Refused, Waypost

POLL_SECONDS = 0.1

type Found = tuple[Event, float]  # an event, and when it arrived by the monotonic clock


async def next_code(client: Waypost, session: str, *, other_than: str | None, seconds: float) -> str:
    """The session's next code, once there is one. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(Refused):  # there is none now
                code = (await client.qr(session)).code
                if code != other_than:
                    return code
            await asyncio.sleep(POLL_SECONDS)


async def until_status(client: Waypost, session: str, wanted: str, seconds: float) -> None:
    """Raises TimeoutError, which says what the status was at last."""
    status = "unknown"
    try:
        async with asyncio.timeout(seconds):
            while status != wanted:
                await asyncio.sleep(POLL_SECONDS)
                status = (await client.sessions.get(session)).status
    except TimeoutError:
        raise TimeoutError(f"the session is still {status!r}, not {wanted!r}") from None


@dataclass(slots=True)
class Watch:
    """What a stream handed out so far."""

    seen: list[Found] = field(default_factory=list)
    failed: Exception | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, events: AsyncIterator[Event]) -> None:
        try:
            async for event in events:
                self.seen.append((event, time.monotonic()))
                self._news.set()
        except Exception as error:
            self.failed = error
            self._news.set()

    async def until(self, fits: Callable[[Event], bool], seconds: float) -> Found:
        """The first event that fits, among those that came or will come. Raises TimeoutError, and what ended the
        stream."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for event, at in self.seen:
                        if fits(event):
                            return event, at
                    if self.failed is not None:
                        raise self.failed
                    await self._news.wait()
        except TimeoutError:
            seen = ", ".join(event.type for event, _ in self.seen) or "nothing"
            raise TimeoutError(f"it did not come within {seconds:.0f} s; what came: {seen}") from None


@asynccontextmanager
async def watching(events: AsyncIterator[Event]) -> AsyncIterator[Watch]:
    watch = Watch()
    listener = asyncio.create_task(watch.listen(events))
    try:
        yield watch
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
