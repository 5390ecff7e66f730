"""What may still be done with a message after it was sent: edited, revoked, reacted to. WhatsApp has the last word."""

from typing import Literal

from waypost.domain.message import Message
from waypost.errors import Conflict, ValidationError

Change = Literal["edited", "revoked", "reaction", "media"]

EDIT_SECONDS = 15 * 60  # WhatsApp's figure
MAX_REACTION = 32  # characters: one emoji, with all that may be joined to it

_REACHED = frozenset({"sent", "delivered", "read", "played"})


def check_editable(message: Message, now_ms: int) -> None:
    """Raises Conflict `not_own_message`, `message_not_sent`, `message_revoked` or `edit_window_over`."""
    _check_own(message)
    sent_ms = message.times.get("sent", message.created_ms)
    if now_ms - sent_ms > EDIT_SECONDS * 1000:
        raise _refused("A message can be edited for 15 minutes after it was sent.", "edit_window_over")


def check_revocable(message: Message) -> None:
    """Raises Conflict `not_own_message`, `message_not_sent` or `message_revoked`."""
    _check_own(message)


def check_reactable(message: Message) -> None:
    """Raises Conflict `message_not_sent` or `message_revoked`."""
    if message.direction == "out" and message.status not in _REACHED:
        raise _refused(f"The message was not sent yet: it is {message.status}.", "message_not_sent")
    if message.revoked_ms:
        raise _refused("The message was revoked.", "message_revoked")


def check_reaction(emoji: str) -> None:
    """Raises ValidationError `bad_reaction` for what is no emoji: letters, say, or several words."""
    if not 0 < len(emoji) <= MAX_REACTION or any(one.isascii() and one not in "#*0123456789" for one in emoji):
        raise ValidationError(
            "A reaction is one emoji.", field="emoji", mend="Give one emoji, or null to take it back.",
            code="bad_reaction",
        )  # fmt: skip


def _check_own(message: Message) -> None:
    if message.direction != "out":
        raise _refused("Only a message of your own can be changed.", "not_own_message")
    check_reactable(message)


def _refused(why: str, code: str) -> Conflict:
    return Conflict(why, field="message_id", code=code)
