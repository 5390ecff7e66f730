"""What happened to a message after it was sent, in the store and in the log: edits, revocations, reactions.

Each is a `message_status_update` whose data has `change`; the message changes in the same
transaction. None comes twice.
"""

from typing import Any

from waypost.domain.changes import Change
from waypost.domain.event import rfc3339
from waypost.domain.message import Message
from waypost.entities.message import content_write, reference_write
from waypost.ports import Write
from waypost.services.contacts import Contacts
from waypost.services.journal import Entry
from waypost.services.sealing import Seals
from waypost.services.sending import CONTENT
from waypost.services.telling import status_told

ME = "me"  # who reacted, where it was this account


class Changes:
    """Entries for the log; None for what the message says already. An entry is refused when the message changed since
    it was read: read it again then."""

    def __init__(self, seals: Seals, contacts: Contacts) -> None:
        self._seals = seals
        self._contacts = contacts

    def edited(self, message: Message, text: str, *, edit_id: str | None, time_ms: int) -> Entry | None:
        """`edit_id` is WhatsApp's name of the edit: the same edit counts once, also after a later one."""
        content = self._content(message)
        if message.revoked_ms or content.get("text") == text:
            return None
        data = {"text": text, "edited_at": rfc3339(time_ms)}
        filed = () if edit_id is None else (_filed_once(message, edit_id),)
        return self._entry(message, {**content, "text": text}, "edited", data, time_ms, filed, edited_ms=time_ms)

    def revoked(self, message: Message, *, by: str | None, time_ms: int) -> Entry | None:
        """`by` is the contact who took it back; None: this account. What it said is forgotten."""
        if message.revoked_ms:
            return None
        kept = {name: value for name, value in self._content(message).items() if name in ("hex", "key")}
        data = {"by": self._view(message, by), "revoked_at": rfc3339(time_ms)}
        return self._entry(message, {"text": None, **kept}, "revoked", data, time_ms, (), revoked_ms=time_ms)

    def reacted(
        self, message: Message, emoji: str | None, *, by: str | None, t: int | None, time_ms: int
    ) -> Entry | None:
        """One reaction a person: a newer one replaces it, None takes it back. `t` is WhatsApp's time, if known."""
        content = self._content(message)
        reactions: dict[str, Any] = content.get("reactions") or {}
        before = reactions.get(by or ME, {"emoji": None, "t": 0})
        if message.revoked_ms or before["emoji"] == emoji or (t is not None and t < before["t"]):
            return None
        # One that was taken back leaves its time, so that an older one that comes late does not return.
        now = {"emoji": emoji, "t": before["t"] if t is None else t}
        data = {"by": self._view(message, by), "emoji": emoji}
        return self._entry(
            message, {**content, "reactions": {**reactions, by or ME: now}}, "reaction", data, time_ms, ()
        )

    def _entry(
        self,
        message: Message,
        content: dict[str, Any],
        change: Change,
        data: dict[str, Any],
        time_ms: int,
        writes: tuple[Write, ...],
        **more: Any,
    ) -> Entry:
        draft = status_told(message, message.status, time_ms, contacts=self._contacts, change=change, **data)
        sealed = self._seals.seal_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", content)
        return Entry((draft,), (content_write(message, sealed, **more), *writes))

    def _content(self, message: Message) -> dict[str, Any]:
        content: dict[str, Any] = self._seals.open_json(
            message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content
        )
        return content

    def _view(self, message: Message, by: str | None) -> dict[str, Any] | None:
        return None if by is None else self._contacts.view(message.tenant, by)


def _filed_once(message: Message, edit_id: str) -> Write:
    return reference_write(message.session, f"edit#{message.id}#{edit_id}", message.id)
