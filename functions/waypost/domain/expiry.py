"""When it is too late for a message, and why it was not sent before."""

from waypost.domain.message import Message

EXPIRES_AT = "expires_at"  # nothing but its own time was in the way


def expires_at(message: Message, longest_wait_ms: int) -> int:
    """From when on it must not be sent, in unix milliseconds: its own time, else the longest wait after it was to go.
    0: never."""
    if message.expires_ms:
        return message.expires_ms
    return max(message.created_ms, message.send_at_ms) + longest_wait_ms if longest_wait_ms else 0


def is_too_late(message: Message, longest_wait_ms: int, now_ms: int) -> bool:
    return 0 < expires_at(message, longest_wait_ms) <= now_ms


def reason_of(waits_for: str) -> str:
    """Why a message expired, by what it waited for last."""
    return EXPIRES_AT if waits_for in ("", "time") else waits_for
