"""A file that comes in with a message: its states, how patiently it is asked for, and what is told of it.

pending ─► ready
   │ ▲
   ▼ │ asked for again
  failed
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

ReceivedState = Literal["pending", "ready", "failed"]

MAX_RECEIVED_BYTES = 100 * 1024 * 1024  # what WhatsApp's own apps let people send as a video; a setting
KEEP_DAYS = 30.0  # as long as what is uploaded; a setting
PART_BYTES = 4 * 1024 * 1024  # in base64 one fits the 6 MB that Lambda answers

# Seconds before each further try: WhatsApp's servers are away for moments, a phone for half an hour.
RETRY_SECONDS = (3.0, 15.0, 60.0, 300.0, 1800.0)

# Why there is no file, for people; `code` is stable.
FAILURES: dict[str, tuple[str, str]] = {
    "media_on_phone_only": (
        "It may be seen once, and WhatsApp gave it to the phone alone.",
        "Open it on the phone that the session is linked to.",
    ),
    "media_gone": (
        "WhatsApp has the file no more, and neither has the phone that the session is linked to.",
        "Ask the sender to send it again, or ask for it again while that phone is online.",
    ),
    "media_received_too_large": (
        "The file is larger than what is taken in.",
        "Raise WAYPOST_MEDIA_RECEIVED_BYTES, then ask for it again.",
    ),
    "media_corrupt": ("What came is not what was sent: its hash is another.", "Ask for it again."),
    "media_revoked": ("The message was taken back, and its file with it.", "Nothing brings it back."),
    "media_expired": ("The file was kept for its time, and is gone.", "Fetch files before `expires_at`."),
}
_ANY = ("The file could not be loaded.", "Ask for it again: POST /v1/media/{id}/retry.")

# What another try would not change.
FINAL = frozenset({"media_on_phone_only", "media_received_too_large", "media_revoked", "message_revoked"})


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file: WhatsApp's word for it until it is here, then measured. `sha256` is in hex."""

    mime: str = "application/octet-stream"
    size: int | None = None
    sha256: str | None = None
    filename: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    view_once: bool = False
    has_thumbnail: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FileFacts":
        return cls(**value)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def seconds_before_try(attempts: int, code: str) -> float | None:
    """How long to wait after so many tries, of which the last failed so; None: it has failed for good."""
    if code in FINAL or attempts > len(RETRY_SECONDS):
        return None
    return RETRY_SECONDS[attempts - 1]


def words_of(code: str) -> tuple[str, str]:
    """What is wrong, and how to mend it."""
    return FAILURES.get(code, _ANY)


def told(media: str, state: ReceivedState, facts: FileFacts, code: str | None) -> dict[str, Any]:
    """What events and messages say of a file that came in."""
    return {"id": media, "state": state, "code": code, **facts.as_json()}


def parts_of(size: int) -> int:
    """An empty file has one part, too."""
    return max(1, -(-size // PART_BYTES))
