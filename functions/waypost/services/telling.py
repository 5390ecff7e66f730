"""What an event says when a message's status moves, and how one ends that nobody handed to WhatsApp."""

from typing import Any

from waypost.domain.event import Draft
from waypost.domain.message import Message, Status
from waypost.entities.message import step_write
from waypost.entities.schedule import settled_write
from waypost.services.contacts import Contacts
from waypost.services.journal import Entry


def status_told(
    message: Message,
    status: Status,
    time_ms: int,
    *,
    contacts: Contacts,
    previous: Status | None = None,
    reason: str | None = None,
    **more: object,
) -> Draft:
    """`previous` is the message's own status unless it says otherwise; `more` is told besides."""
    data = {
        "message_id": message.id,
        "chat": contacts.view(message.tenant, message.contact),
        "status": status,
        "previous": previous or message.status,
        "reason": reason,
        **more,
    }
    return Draft("message_status_update", time_ms, data, contact=message.contact, message=message.id)


def ended_unsent(
    message: Message, status: Status, reason: str, now_ms: int, *, contacts: Contacts, **more: Any
) -> Entry:
    """It ends as `status` and leaves the schedule, unless somebody began to hand it over: then it is refused. `more` is
    kept and told besides."""
    draft = status_told(message, status, now_ms, contacts=contacts, previous="accepted", reason=reason, **more)
    step = step_write(message.id, "accepted", status, {status: now_ms}, reason=reason, **more)
    return Entry((draft,), (step, settled_write(message)))
