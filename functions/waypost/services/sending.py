"""Accepting messages, cancelling them, and filling the near horizon from the schedule (decision 5)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from waypost.domain.addresses import Address
from waypost.domain.event import Draft
from waypost.domain.mentions import check_mentions
from waypost.domain.message import Lane, Message, check_text
from waypost.entities.head import get_head
from waypost.entities.message import accept_writes, get_message, status_write
from waypost.entities.schedule import accepted_so_far, settled_write, waiting_by_due
from waypost.entities.session import Session
from waypost.errors import ConditionFailed, Conflict, NotFound, SessionNotLinked, TransactionConflict, ValidationError
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.contention import TRIES, pause
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals

NEAR_HORIZON = 20  # messages of a lane that may be in its queue at once (decision 5)
CONTENT = "message"  # what a message's content is sealed for


def accept_text(
    *,
    message_id: str,
    session: Session,
    to: Address,
    text: str,
    reply_to: str | None,
    lane: Lane,
    now_ms: int,
    table: Table,
    queues: Queues,
    seals: Seals,
    contacts: Contacts,
    mentions: Sequence[Address] = (),
) -> Message:
    """Accept a text (P1) and number it in its chat and lane (P3). The same `message_id` returns the same message.

    Raises ValidationError, SessionNotLinked, NotFound (`reply_to`), TransactionConflict (very many at once).
    """
    check_text(text)
    check_mentions(text, mentions)
    check_linked(session)
    contact = contacts.resolve(session.tenant, [to], now_ms=now_ms)
    content: dict[str, Any] = {"text": text}
    if mentions:
        content["mentions"] = [address.chat_id for address in mentions]
    if reply_to is not None:
        _check_reply(reply_to, session, contact, table)
    message = Message(
        id=message_id,
        tenant=session.tenant,
        session=session.id,
        contact=contact,
        direction="out",
        status="accepted",
        created_ms=now_ms,
        content=seals.seal_json(session.tenant, contact, f"{CONTENT}#{message_id}", content),
        lane=lane,
        reply_to=reply_to,
        times={"accepted": now_ms},
    )
    message = _store(message, table)
    if message.status == "accepted":  # also when an earlier try stored it, which may have died before this
        enqueue(message.session, message.lane, message.contact, message.id, message.id, queues=queues)
    return message


def check_linked(session: Session) -> None:
    """Raises SessionNotLinked or Conflict when a message could not leave by this session."""
    if session.me is None:
        raise SessionNotLinked(
            f"The session is not linked to a WhatsApp account (it is {session.status}).",
            field="session_id",
            mend="Start it and scan the code from GET /v1/sessions/{id}/qr.",
        )
    if session.desired != "running":
        raise Conflict(
            "The session is stopped.", mend="Start it first: POST /v1/sessions/{id}/start.", code="session_stopped"
        )


def find_message(message_id: str, *, session: Session, table: Table) -> Message:
    """Raises NotFound, also for a message of another session or tenant."""
    message = get_message(table, message_id)
    if message is None or message.session != session.id or message.tenant != session.tenant:
        raise NotFound("There is no such message in this session.", field="message_id", code="message_not_found")
    return message


def cancel(message: Message, *, now_ms: int, table: Table, queues: Queues, seals: Seals, contacts: Contacts) -> Message:
    """Cancel a message that was not handed to WhatsApp yet. Raises Conflict when it is too late."""
    head = get_head(table, message.session)
    if head is None:
        raise NotFound("There is no such session.", code="session_not_found")
    draft = Draft(
        "message_status_update",
        now_ms,
        {
            "message_id": message.id,
            "chat": contacts.view(message.tenant, message.contact),
            "status": "cancelled",
            "previous": "accepted",
            "reason": "requested",
        },
        contact=message.contact,
        message=message.id,
    )
    entry = Entry((draft,), (status_write(message.id, "cancelled", now_ms, reason="requested"), settled_write(message)))
    done = append([entry], head=head, table=table, seals=seals, epoch=None)
    current = get_message(table, message.id) or message
    if done.refused and current.status != "cancelled":
        raise Conflict(
            f"The message cannot be cancelled any more: it is {current.status}.",
            field="message_id",
            mend="Only a message with status accepted can be cancelled.",
            code="message_not_cancellable",
        )
    if not done.refused:
        nudge_consumers(message.session, done.head.number, queues=queues)
    return current


def enqueue(
    session_id: str, lane: Lane, contact: str, message_id: str, deduplication_id: str, *, queues: Queues
) -> None:
    """Put a due message on its lane's queue, unless so many wait there that the owner will fetch it later."""
    queue = queues.queue(f"{lane}-{session_id}")
    if queue.depth() < NEAR_HORIZON:
        queue.send(json.dumps({"message": message_id}), group=contact, deduplication_id=deduplication_id)


def feed(session_id: str, lane: Lane, *, in_hand: Collection[str], unique: str, table: Table, queues: Queues) -> int:
    """Top a lane's queue up from the schedule, first due first, without what the owner has in hand; returns how many.

    `unique` makes a refill's deduplication ids differ from earlier ones: a message may be in the queue twice, which
    the sender bears, but must never be missing from it.
    """
    queue = queues.queue(f"{lane}-{session_id}")
    room = NEAR_HORIZON - queue.depth()
    if room <= 0:
        return 0
    soon = waiting_by_due(table, session_id, lane, limit=room + len(in_hand))
    due = [waiting for waiting in soon if waiting.message not in in_hand][:room]
    for waiting in due:
        queue.send(
            json.dumps({"message": waiting.message}),
            group=waiting.contact,
            deduplication_id=f"{waiting.message}-{unique}",
        )
    return len(due)


def _store(message: Message, table: Table) -> Message:
    """Store it under the next number of its chat and lane; or find that it was stored by an earlier try."""
    for attempt in range(TRIES):
        number = accepted_so_far(table, message.session, message.contact, message.lane) + 1
        numbered = replace(message, number=number)
        try:
            table.transact(accept_writes(numbered, due_ms=message.created_ms))
        except (ConditionFailed, TransactionConflict):
            stored = get_message(table, message.id)
            if stored is not None:
                return stored
            pause(attempt)
        else:
            return numbered
    raise TransactionConflict("Too many messages to this chat are accepted at once; try again.")


def _check_reply(reply_to: str, session: Session, contact: str, table: Table) -> None:
    quoted = get_message(table, reply_to)
    if quoted is None or quoted.session != session.id or quoted.contact != contact:
        raise ValidationError(
            "The message to reply to is not in this chat.",
            field="reply_to",
            mend="Give the id of a message of the same chat, from GET /v1/sessions/{id}/messages.",
            code="reply_to_not_found",
        )
