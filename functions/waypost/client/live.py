"""Following a session by WebSocket for as long as it takes: every event once, in order, whatever happens between.

    connect ─► subscribe after the cursor ─► frames ─► (silence, age, error) ─► back off ─► connect …

A connection is given up when it is silent although it was pinged, and before the gateway ends it at two hours. All of
it runs in the caller's task, while it waits for the next event: nothing is left behind when the caller stops.
"""

import asyncio
import json
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from waypost.client.backoff import back_off
from waypost.client.errors import StreamEnded, Unreachable
from waypost.client.events import Event, Place, event_of
from waypost.client.log import Log
from waypost.client.pulse import Pulse
from waypost.client.reading import is_event, is_known, missing, place_of

log = logging.getLogger("waypost.client")

PING_SECONDS = 30.0
SILENT_SECONDS = 75.0  # two pings without an answer
OLDEST_SECONDS = 110 * 60.0  # the gateway ends a connection at two hours
_OPEN_SECONDS = 20.0
_MAX_FRAME = 128 * 1024
# The server's own trouble: what it refused now may be fine in a moment.
_PASSING = frozenset({"connection_ended", "error", "storage", "throttled", "transaction_conflict", "network"})
_FAR_END = (OSError, TimeoutError, InvalidHandshake, WebSocketException, Unreachable)


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
    waits: Callable[[], Iterator[float]] = back_off


async def follow(session_id: str, at: Place | None, line: Line, history: Log) -> AsyncIterator[Event]:
    """Events behind `at`; None: from now on. Raises StreamEnded, and Refused of the log."""
    waits = line.waits()
    while True:
        try:
            async with _connected(line) as socket:
                await _subscribe(socket, session_id, at)
                pulse = _pulse(socket, line)
                while (frame := await pulse.next_frame()) is not None:
                    if frame.get("type") == "subscribed":
                        waits = line.waits()  # it works: the next trouble begins with a short wait
                        at = at or Place(frame["generation"], frame["after"])
                    elif is_event(frame) and at is not None and not is_known(at, place_of(frame)):
                        async for event in _up_to(frame, session_id, at, history):
                            at = event.place
                            yield event
                    elif frame.get("code") == "generation_over" and at is not None:
                        present = Place(await history.generation(session_id), 0)
                        async for event in _rest(session_id, at, present, history):
                            at = event.place
                            yield event
                        at = present
                        break
                    elif not _is_fine(frame):
                        break
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


async def _subscribe(socket: ClientConnection, session_id: str, at: Place | None) -> None:
    wanted: dict[str, Any] = {"action": "subscribe", "session_id": session_id}
    if at is not None:
        wanted |= {"generation": at.generation, "after": at.sequence}
    await socket.send(json.dumps(wanted))


async def _up_to(frame: dict[str, Any], session_id: str, at: Place, history: Log) -> AsyncIterator[Event]:
    """What is missing in front of an event, and the event."""
    found = place_of(frame)
    async for event in _rest(session_id, at, found, history):
        yield event
    whole = await history.one(session_id, found) if frame.get("truncated") else None
    yield whole or event_of(frame)


async def _rest(session_id: str, at: Place, found: Place, history: Log) -> AsyncIterator[Event]:
    for stretch in missing(at, found):
        log.info("events are missing behind %s of generation %s", stretch.after, stretch.generation)
        async for event in history.read(session_id, stretch):
            yield event


def _is_fine(frame: dict[str, Any]) -> bool:
    """False: begin anew. Raises StreamEnded on a refusal that would be the same again."""
    if frame.get("type") == "error":
        if frame.get("code") not in _PASSING:
            raise StreamEnded(str(frame.get("code")), str(frame.get("message", "")))
        return False
    # The gateway's own words when the function behind it failed or was throttled.
    return "connectionId" not in frame


def _give_up_if_refused(error: Exception) -> None:
    if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
        raise StreamEnded("unauthorized", "The API key is missing or unknown.") from error
