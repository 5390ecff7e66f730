"""What a stream makes of each frame: events to hand out, with what is missing in front of them fetched from the log."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from waypost.client.errors import StreamEnded
from waypost.client.events import Event, Place, event_of
from waypost.client.log import Log
from waypost.client.reading import Stretch, is_event, is_known, missing, place_of

log = logging.getLogger("waypost.client")

# The server's own trouble: what it refused now may be fine in a moment.
_PASSING = frozenset({"connection_ended", "error", "storage", "throttled", "transaction_conflict", "network"})


class BeginAnew(Exception):
    """This connection is of no use any more."""


class Reader:
    """Stands on the newest event that was handed out; None before the first subscription to what comes from now on."""

    def __init__(self, session_id: str, at: Place | None, history: Log) -> None:
        self._session = session_id
        self._at = at
        self._history = history

    def request(self) -> str:
        """The message that subscribes behind where it stands."""
        wanted: dict[str, Any] = {"action": "subscribe", "session_id": self._session}
        if self._at is not None:
            wanted |= {"generation": self._at.generation, "after": self._at.sequence}
        return json.dumps(wanted)

    async def take(self, frame: dict[str, Any]) -> AsyncIterator[Event]:
        """The events that a frame brings; an empty frame stands for none that came in time. Raises BeginAnew,
        StreamEnded, and what the log raises."""
        at = self._at
        if frame.get("type") == "subscribed":
            self._at = at or Place(frame["generation"], frame["after"])
        elif at is None or is_event(frame):
            if at is not None and not is_known(at, place_of(frame)):
                async for event in self._up_to(frame, at):
                    yield event
        elif not frame:
            async for event in self._read([Stretch(at.generation, at.sequence, None)]):
                yield event
        elif frame.get("code") == "generation_over":
            present = Place(await self._history.generation(self._session), 0)
            async for event in self._read(missing(at, present)):
                yield event
            self._at = present
            raise BeginAnew
        if not is_event(frame):
            _check(frame)

    async def _up_to(self, frame: dict[str, Any], at: Place) -> AsyncIterator[Event]:
        """What is missing in front of an event, and the event."""
        found = place_of(frame)
        async for event in self._read(missing(at, found)):
            yield event
        whole = await self._history.one(self._session, found) if frame.get("truncated") else None
        self._at = found
        yield whole or event_of(frame)

    async def _read(self, stretches: list[Stretch]) -> AsyncIterator[Event]:
        for stretch in stretches:
            log.info("reading the log behind %s of generation %s", stretch.after, stretch.generation)
            async for event in self._history.read(self._session, stretch):
                self._at = event.place
                yield event


def _check(frame: dict[str, Any]) -> None:
    """Raises BeginAnew on trouble that passes, and StreamEnded on a refusal that would be the same again."""
    if frame.get("type") == "error":
        if frame.get("code") not in _PASSING:
            raise StreamEnded(str(frame.get("code")), str(frame.get("message", "")))
        raise BeginAnew
    if "connectionId" in frame:  # the gateway's own words when the function behind it failed or was throttled
        raise BeginAnew
