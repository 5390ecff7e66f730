"""What an event is: the six kinds of update (R-RT-1), numbered per session and generation (P5), as CloudEvents 1.0."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

EventType = Literal[
    "message_sent",
    "message_received",
    "message_status_update",
    "typing_indicator",
    "contact_status",
    "session_status",
]
_EVENT_ID = re.compile(r"evt_([0-9a-hjkmnp-tv-z]{26})_([1-9][0-9]{0,3})_([1-9][0-9]{0,11})", re.ASCII)
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no number yet. `subject` is the contact or session under whose key `data` is sealed."""

    type: EventType
    time_ms: int
    data: dict[str, Any]
    contact: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the log, opened. `number` counts from 1 without gaps within a `generation`."""

    tenant: str
    session: str
    generation: int
    number: int
    type: EventType
    time_ms: int
    contact: str | None = None
    message: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    # The pair of wa-js and WhatsApp Web build that saw it (decision 1).
    build: str = ""


def event_id(session: str, generation: int, number: int) -> str:
    """Stable across retries and redeliveries: consumers deduplicate by it (R-RT-3)."""
    return f"evt_{session.removeprefix('ses_')}_{generation}_{number}"


def place_of(event: str) -> tuple[str, int, int] | None:
    """Session, generation and number that an event's id tells; None when it is no such id."""
    match = _EVENT_ID.fullmatch(event)
    return None if match is None else (f"ses_{match[1]}", int(match[2]), int(match[3]))


def rfc3339(time_ms: int) -> str:
    seconds, rest = divmod(time_ms, 1000)  # a float would lose a millisecond now and then
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def to_cloudevent(event: Event) -> dict[str, Any]:
    """CloudEvents 1.0, JSON form. Extensions: `sessionid`, `generation`, `sequence` (the event's number), `build`."""
    return {
        "specversion": "1.0",
        "id": event_id(event.session, event.generation, event.number),
        "source": f"/v1/sessions/{event.session}",
        "type": event.type,
        "subject": event.message or event.contact or event.session,
        "time": rfc3339(event.time_ms),
        "datacontenttype": "application/json",
        "sessionid": event.session,
        "generation": event.generation,
        "sequence": event.number,
        "build": event.build,
        "data": event.data,
    }
