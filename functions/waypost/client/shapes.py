"""What the API answers, as frozen dataclasses. Fields that a newer server adds are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Chat:
    """A person or a group. `contact_id` never changes; either of WhatsApp's own ids may be unknown."""

    contact_id: str
    id: str | None = None
    pn: str | None = None
    lid: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    name: str
    status: str
    linked: bool
    created_at: str
    reason: str | None = None
    since: str = ""
    me: Mapping[str, Any] | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class QrCode:
    code: str
    sequence: int
    expires_at: str


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    session_id: str
    chat: Chat
    direction: str
    type: str
    status: str
    created_at: str
    text: str | None = None
    media: Mapping[str, Any] | None = None
    location: Mapping[str, Any] | None = None
    contacts: tuple[Mapping[str, Any], ...] | None = None
    poll: Mapping[str, Any] | None = None
    vote: Mapping[str, Any] | None = None
    reason: str | None = None
    failure: Mapping[str, Any] | None = None
    lane: str = "interactive"
    source: str = "api"
    reply_to: str | None = None
    whatsapp_id: str | None = None
    times: Mapping[str, str] | None = None
    attempts: int = 0
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """`secret` is known only in the answer that makes it."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: str
    session_id: str | None = None
    disabled: str | None = None
    state: str = "active"
    pending: int = 0
    oldest_pending_at: str | None = None
    last_delivered_at: str | None = None
    last_failed_at: str | None = None
    last_error: str | None = None
    rotating_until: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    at: str
    event_id: str
    attempt: int
    delivered: bool
    milliseconds: int
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: str
    session_id: str
    generation: int
    sequence: int
    reason: str
    died_at: str


@dataclass(frozen=True, slots=True)
class Redelivery:
    """How many events will be posted again. `more`: ask again, of a stretch of the log with `after` = `next_after`."""

    queued: int
    more: bool
    unknown: tuple[str, ...] = ()
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A part of a list. Hand `next_cursor` back for the next; None: that was all."""

    items: tuple[T, ...]
    next_cursor: str | None


def shaped[T](kind: type[T], document: Mapping[str, Any]) -> T:
    """The answer as `kind`. Raises TypeError when a field is missing that it cannot be without."""
    known = {field.name: document[field.name] for field in fields(kind) if field.name in document}  # type: ignore[arg-type]
    if isinstance(known.get("chat"), Mapping):
        known["chat"] = shaped(Chat, known["chat"])
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()})
