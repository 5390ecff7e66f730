"""An event as consumers get it: opened, as a CloudEvent, whole or with a note on why its data is not there."""

import json
from typing import Any

from waypost.domain.event import to_cloudevent
from waypost.entities.event import StoredEvent
from waypost.errors import Tampered
from waypost.services.journal import open_event
from waypost.services.sealing import Seals

MAX_FRAME_BYTES = 64 * 1024  # R-RT-4


def open_cloudevent(seals: Seals, stored: StoredEvent) -> dict[str, Any]:
    """The stored event for its tenant. One whose key was erased, or that fails its check, keeps its place in the
    order without data and with the extension `unreadable`: it must not hold up what comes after it (P5)."""
    try:
        return to_cloudevent(open_event(seals, stored))
    except Tampered as problem:
        return {**_without_data(stored), "unreadable": problem.code}


def to_json(cloudevent: dict[str, Any]) -> bytes:
    return json.dumps(cloudevent, separators=(",", ":"), ensure_ascii=False).encode()


def to_frame(seals: Seals, stored: StoredEvent) -> bytes:
    """The event as one WebSocket frame of at most MAX_FRAME_BYTES. Data that does not fit is left out: `truncated`
    is true then, and `dataref` (a CloudEvents extension) says where to fetch the event."""
    frame = to_json(open_cloudevent(seals, stored))
    if len(frame) <= MAX_FRAME_BYTES:
        return frame
    where = f"/v1/events?session_id={stored.session}&generation={stored.generation}&after={stored.number - 1}&limit=1"
    return to_json({**_without_data(stored), "truncated": True, "dataref": where})


def _without_data(stored: StoredEvent) -> dict[str, Any]:
    cloudevent = to_cloudevent(stored.opened({}))
    del cloudevent["data"]
    return cloudevent
