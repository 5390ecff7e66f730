"""Following a session by WebSocket for as long as it takes: every event once, in order, whatever happens between.

    connect ─► subscribe after the cursor ─► frames ─► (silence, age, error) ─► back off ─► connect …

A connection is given up when it is silent although it was pinged, and before the gateway ends it at two hours. All of
it runs in the caller's task, while it waits for the next event: nothing is left behind when the caller stops.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from waypost.client.backoff import back_off
from waypost.client.errors import StreamEnded, Unreachable
from waypost.client.events import Event, Place
from waypost.client.log import Log
from waypost.client.pulse import Pulse
from waypost.client.reader import BeginAnew, Reader

log = logging.getLogger("waypost.client")

PING_SECONDS = 30.0
SILENT_SECONDS = 75.0  # two pings without an answer
OLDEST_SECONDS = 110 * 60.0  # the gateway ends a connection at two hours
CONFIRM_SECONDS = 3.0  # then the log is asked meanwhile: whoever confirms may wait for one that died
_OPEN_SECONDS = 20.0
_MAX_FRAME = 128 * 1024
_FAR_END = (OSError, TimeoutError, InvalidHandshake, WebSocketException, Unreachable, BeginAnew)


@dataclass(frozen=True, slots=True)
class Line:
    """How to connect, and how patient to be."""

    url: str
    api_key: str
    tls: ssl.SSLContext | None = None
    proxy: str | None = None
    ping_seconds: float = PING_SECONDS
    silent_seconds: float = SILENT_SECONDS
    oldest_seconds: float = OLDEST_SECONDS
    confirm_seconds: float = CONFIRM_SECONDS
    waits: Callable[[], Iterator[float]] = back_off


async def follow(session_id: str, at: Place | None, line: Line, history: Log) -> AsyncGenerator[Event]:
    """Events behind `at`; None: from now on. Raises StreamEnded, and Refused of the log."""
    reader, waits = Reader(session_id, at, history), line.waits()
    while True:
        try:
            async with _connected(line) as socket:
                await socket.send(reader.request())
                pulse, confirmed = _pulse(socket, line), False
                while (frame := await pulse.next_frame(None if confirmed else line.confirm_seconds)) is not None:
                    if frame.get("type") == "subscribed":
                        confirmed, waits = True, line.waits()  # it works: the next trouble begins with a short wait
                    async for event in reader.take(frame):
                        yield event
        except _FAR_END as error:
            _give_up_if_refused(error)
            log.info("the stream was interrupted (%s)", type(error).__name__)
        await asyncio.sleep(next(waits))


def _connected(line: Line) -> connect:
    return connect(
        line.url,
        ssl=line.tls,
        proxy=line.proxy,
        additional_headers={"x-api-key": line.api_key},
        open_timeout=_OPEN_SECONDS,
        close_timeout=1,
        ping_interval=None,  # ours reach the function behind the gateway, not only the gateway
        max_size=_MAX_FRAME,
        compression=None,
    )


def _pulse(socket: ClientConnection, line: Line) -> Pulse:
    # Not all at the same age: else those that were cut off together come back together, again and again.
    oldest = line.oldest_seconds * random.uniform(0.9, 1)  # noqa: S311  # no secret hangs on it
    return Pulse(socket, line.ping_seconds, line.silent_seconds, oldest)


def _give_up_if_refused(error: Exception) -> None:
    if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
        raise StreamEnded("unauthorized", "The API key is missing or unknown.") from error
