"""What a message is, and which way its status may move. Status only moves forward (P5).

accepted ─► sending ─► sent ─► delivered ─► read ─► played
    │          ├─► failed            (WhatsApp said no, retries used up)
    │          └─► uncertain         (nobody can tell whether it left; never sent again)
    ├─► cancelled                    (by the caller, before it was sent)
    └─► expired                      (its time passed before it could be sent)

received ─► read                     (a message that came in)
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from waypost.errors import TooLarge, ValidationError

Status = Literal[
    "accepted",
    "sending",
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "expired",
    "cancelled",
    "uncertain",
    "received",
]
Lane = Literal["interactive", "bulk"]
Direction = Literal["out", "in"]

REACHED: tuple[Status, ...] = ("sent", "delivered", "read", "played")  # it left
MAX_TEXT = 4096  # R-LIM-3, characters

_NEXT: dict[Status, frozenset[Status]] = {
    "accepted": frozenset({"sending", "cancelled", "expired", "failed"}),
    "sending": frozenset({"sent", "delivered", "read", "played", "failed", "expired", "uncertain"}),
    # Acknowledgements may skip one (read at once), so every later one may follow.
    "sent": frozenset({"delivered", "read", "played", "failed"}),
    "delivered": frozenset({"read", "played"}),
    "read": frozenset({"played"}),
    # What was taken for lost may turn out to have arrived.
    "uncertain": frozenset({"sent", "delivered", "read", "played"}),
    "received": frozenset({"read"}),
    "played": frozenset(),
    "failed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}

# WhatsApp's acknowledgement numbers (whatsapp-web-contract.md, `WAWebAck`).
_BY_ACK: dict[int, Status] = {-1: "failed", 1: "sent", 2: "delivered", 3: "read", 4: "played"}


def may_become(current: Status, wanted: Status) -> bool:
    return wanted in _NEXT[current]


def is_settled(status: Status) -> bool:
    """Whether sending is over, so that the next message of the chat and lane may go (P3)."""
    return status not in ("accepted", "sending")


def status_of_ack(ack: int) -> Status | None:
    """The status that an acknowledgement means; None for 0 (still on its way)."""
    return _BY_ACK.get(ack)


def check_text(text: str, *, field: str = "text") -> None:
    """Raises ValidationError `text_empty` or TooLarge `text_too_long` (R-LIM-3)."""
    if not text.strip():
        raise ValidationError("The text is empty.", field=field, mend="Give at least one character.", code="text_empty")
    if len(text) > MAX_TEXT:
        raise TooLarge(
            f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed.",
            field=field,
            mend="Shorten it, or send it as several messages.",
            code="text_too_long",
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is stored. `content` is sealed under the contact's key (P6); times are unix milliseconds.

    `number` counts outgoing messages of a chat and lane from 1 (P3); inbound ones have 0.
    `key` is the WhatsApp message key once the page has named it, sealed like the content because it holds the number.
    """

    id: str
    tenant: str
    session: str
    contact: str
    direction: Direction
    status: Status
    created_ms: int
    content: bytes
    kind: str = "text"
    lane: Lane = "interactive"
    number: int = 0
    source: Literal["api", "phone", "page"] = "api"
    author: str | None = None
    reply_to: str | None = None
    reason: str | None = None
    failure: dict[str, Any] = field(default_factory=dict)  # of a final one: category, words, whatsapp_error
    attempts: int = 0
    backfilled: bool = False
    edited_ms: int = 0  # of the newest edit; 0: never
    revoked_ms: int = 0  # 0: it was not taken back
    revision: int = 0  # counts what happened to the content: edits, revocations, reactions
    send_at_ms: int = 0  # not to be sent before; 0: at once
    expires_ms: int = 0  # not to be sent from then on; 0: never expires
    purpose: str | None = None  # what consent is asked for
    template: str | None = None  # the name of what it was made from
    bulk: str | None = None  # the bulk run that it belongs to
    bulk_row: int = 0  # and which of its rows
    moved_from: str | None = None  # the message that it stands in for: its session is gone
    pool: str | None = None  # the pool that it was sent by
    times: dict[str, int] = field(default_factory=dict)
