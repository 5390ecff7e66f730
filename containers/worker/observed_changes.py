"""What the page tells of messages that were sent before: edited, revoked, reacted to, read on another device."""

from dataclasses import dataclass, field

from containers.worker.naming import Person, Target


@dataclass(frozen=True, slots=True)
class EditSeen:
    """`text` is what the message says now; `edit_id` is WhatsApp's name of the edit."""

    target: Target
    text: str = field(repr=False)
    edit_id: str | None


@dataclass(frozen=True, slots=True)
class RevokeSeen:
    """`by` is who took it back, where that was not this account (`mine`)."""

    target: Target
    mine: bool
    by: Person | None


@dataclass(frozen=True, slots=True)
class ReactionSeen:
    """`emoji` None takes the reaction back; `t` is WhatsApp's time of it, in a unit that only grows."""

    target: Target
    emoji: str | None
    mine: bool
    by: Person | None
    t: int


@dataclass(frozen=True, slots=True)
class ReadSeen:
    """Nothing in the chat is unread any more: it was read here or on another device."""

    chat: str = field(repr=False)
    person: Person | None


ChangeSeen = EditSeen | RevokeSeen | ReactionSeen
