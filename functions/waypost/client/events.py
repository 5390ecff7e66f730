"""What happens in a session, typed: one class for each kind of update, each with the CloudEvent's data as attributes.

Event                  what all have; a kind that this client does not know is one of these
├── MessageSent        ├── MessageReceived   ├── MessageStatusUpdate
└── TypingIndicator    ├── ContactStatus     └── SessionStatus
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from waypost.client.shapes import Chat, shaped


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in its session's log: keep it, and go on after it another day."""

    generation: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Event:
    """`data` is as it came, empty when it is `unreadable` (its key was erased, say). `id` never changes."""

    id: str
    type: str
    session_id: str
    generation: int
    sequence: int
    time: datetime
    subject: str = ""
    build: str = ""
    unreadable: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def place(self) -> Place:
        return Place(self.generation, self.sequence)

    @property
    def chat(self) -> Chat | None:
        return _chat(self.data.get("chat"))


class _OfMessage(Event):
    __slots__ = ()

    @property
    def message_id(self) -> str:
        return str(self.data.get("message_id") or self.subject)

    @property
    def text(self) -> str | None:
        return self.data.get("text")

    @property
    def status(self) -> str:
        return str(self.data.get("status", ""))

    @property
    def media(self) -> Mapping[str, Any] | None:
        """Its file: `id`, `state` (`pending`, `ready` or `failed`), `mime`, `size`, `sha256` and what else is known."""
        return self.data.get("media")


class MessageSent(_OfMessage):
    """WhatsApp has it, whether it was sent by the API or on the phone (`source`)."""

    __slots__ = ()

    @property
    def source(self) -> str:
        return str(self.data.get("source", ""))


class MessageReceived(_OfMessage):
    __slots__ = ()

    @property
    def sender(self) -> Chat | None:
        """Who wrote it: in a group, one of its members."""
        return _chat(self.data.get("from"))

    @property
    def backfilled(self) -> bool:
        return bool(self.data.get("backfilled"))


class MessageStatusUpdate(_OfMessage):
    """accepted → sent → delivered → read, or failed, expired, cancelled, uncertain; or a `change` of what was said."""

    __slots__ = ()

    @property
    def change(self) -> str | None:
        """`edited`, `revoked`, `reaction`, or `media`: its file is here, or failed. None: the status went on."""
        return self.data.get("change")

    @property
    def previous(self) -> str | None:
        return self.data.get("previous")

    @property
    def reason(self) -> str | None:
        return self.data.get("reason")


class TypingIndicator(Event):
    __slots__ = ()

    @property
    def state(self) -> str:
        return str(self.data.get("state", ""))


class ContactStatus(TypingIndicator):
    """Somebody came or went (`state`), or gave or withdrew consent (`consent`: `given` or `withdrawn`)."""

    __slots__ = ()

    @property
    def state(self) -> str:
        """`available` or `unavailable`; empty where it tells of consent."""
        return str(self.data.get("state") or "")

    @property
    def consent(self) -> str | None:
        found = self.data.get("consent")
        return None if found is None else str(found)


class SessionStatus(Event):
    """`qr` is there while a code can be scanned: {"code", "sequence", "expires_at"}."""

    __slots__ = ()

    @property
    def status(self) -> str:
        return str(self.data.get("status", ""))

    @property
    def previous(self) -> str | None:
        return self.data.get("previous")

    @property
    def reason(self) -> str | None:
        return self.data.get("reason")

    @property
    def qr(self) -> Mapping[str, Any] | None:
        return self.data.get("qr")


_KINDS: dict[str, type[Event]] = {
    "message_sent": MessageSent,
    "message_received": MessageReceived,
    "message_status_update": MessageStatusUpdate,
    "typing_indicator": TypingIndicator,
    "contact_status": ContactStatus,
    "session_status": SessionStatus,
}


def event_of(document: Mapping[str, Any]) -> Event:
    """A CloudEvent as it comes by WebSocket, webhook or GET /v1/events. Raises KeyError or ValueError on anything
    else."""
    return _KINDS.get(document["type"], Event)(
        id=document["id"],
        type=document["type"],
        session_id=document.get("sessionid", ""),
        generation=document.get("generation", 0),
        sequence=document.get("sequence", 0),
        time=datetime.fromisoformat(document["time"]),
        subject=document.get("subject", ""),
        build=document.get("build", ""),
        unreadable=document.get("unreadable"),
        data=document.get("data") or {},
    )


def _chat(value: Any) -> Chat | None:
    return shaped(Chat, value) if isinstance(value, Mapping) and "contact_id" in value else None
