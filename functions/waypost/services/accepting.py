"""Accepting a message (P1): asked for, sealed, numbered in its chat and lane (P3), stored, and its owner told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from waypost.domain.message import Message
from waypost.domain.wanted import Wanted
from waypost.entities.media_wait import wait_writes
from waypost.entities.message import accept_writes, get_message
from waypost.entities.schedule import MEDIA, accepted_so_far
from waypost.entities.session import Session
from waypost.errors import ConditionFailed, TransactionConflict, WaypostError
from waypost.ports import Queues, Table, Write
from waypost.services.admission import CHECKS, Asked, Check, admit
from waypost.services.backlog import Backlog
from waypost.services.contacts import Contacts
from waypost.services.contention import TRIES, pause
from waypost.services.media_waking import LOOK_AGAIN_MS
from waypost.services.notices import AS_TEMPLATE, notice_id, notice_of_its_own, noticed_write, with_notice
from waypost.services.sealing import Seals
from waypost.services.sending import CONTENT, NEAR_HORIZON, enqueue
from waypost.services.sleeping import wake_for


def accept(
    wanted: Wanted,
    *,
    message_id: str,
    session: Session,
    now_ms: int,
    table: Table,
    queues: Queues,
    seals: Seals,
    contacts: Contacts,
    backlog: Backlog | None = None,
    checks: Sequence[Check] = CHECKS,
) -> Message:
    """Accept a message, or raise the refusal of a check. The same `message_id` returns the same message, also when
    it would be refused by now: what was accepted stays accepted.

    Raises TransactionConflict (very many at once) beside what the checks raise.
    """
    for attempt in range(TRIES):
        try:
            asked = admit(Asked(wanted, session, now_ms, table, seals, contacts, backlog), checks)
        except WaypostError:
            stored = get_message(table, message_id)
            if stored is None:
                raise
            messages = [stored]
        else:
            messages = _store_all(asked, message_id)
            if not messages:  # another message is to carry the notice, or its file was settled: ask again
                pause(attempt)
                continue
            if backlog is not None:
                backlog.accepted(session.id, messages[-1].lane)
        for message in messages:
            if message.status == "accepted":  # also when an earlier try stored it, which may have died before this
                _hint(message, now_ms, queues, long_queue=_is_long(session, backlog, table))
                wake_for(session, message.send_at_ms, table=table, queues=queues, now_ms=now_ms)
        return messages[-1]
    raise _too_many()


def _store_all(asked: Asked, message_id: str) -> list[Message]:
    """Store the message, and a privacy notice before it where that goes by itself; what was stored, in order. Empty
    when the person's record changed since it was asked: nothing was stored then."""
    notice, table, contact = asked.notice, asked.table, asked.contact
    if notice is None:
        return _just(_store_asked(asked, message_id))
    carrier = notice_id(message_id) if notice.separate else message_id
    noted = noticed_write(contact, asked.session.tenant, notice, carrier, asked.now_ms)
    if not notice.separate:
        carrying = replace(asked, wanted=with_notice(asked.wanted, notice))
        return _just(_store(_message(carrying, message_id), table, noted))
    before = replace(asked, wanted=notice_of_its_own(asked.wanted, notice))
    first = _store(replace(_message(before, carrier), template=AS_TEMPLATE), table, noted)
    second = None if first is None else _store_asked(asked, message_id)
    return [] if first is None or second is None else [first, second]


def _store_asked(asked: Asked, message_id: str) -> Message | None:
    """The message itself, which may have to wait for its file."""
    media = asked.waits_on
    waits = () if media is None else wait_writes(media, message_id, asked.now_ms)
    return _store(_message(asked, message_id), asked.table, *waits, waits_for="" if media is None else MEDIA)


def _just(message: Message | None) -> list[Message]:
    return [] if message is None else [message]


def _message(asked: Asked, message_id: str) -> Message:
    wanted, tenant = asked.wanted, asked.session.tenant
    content: dict[str, Any] = dict(wanted.content)
    if wanted.mentions:
        content["mentions"] = [address.chat_id for address in wanted.mentions]
    return Message(
        id=message_id,
        tenant=tenant,
        session=asked.session.id,
        contact=asked.contact,
        direction="out",
        status="accepted",
        created_ms=asked.now_ms,
        content=asked.seals.seal_json(tenant, asked.contact, f"{CONTENT}#{message_id}", content),
        kind=wanted.kind,
        lane=wanted.lane,
        reply_to=wanted.reply_to,
        send_at_ms=wanted.send_at_ms,
        expires_ms=wanted.expires_ms,
        purpose=wanted.purpose,
        template=None if wanted.template is None else wanted.template.name,
        bulk=wanted.bulk,
        bulk_row=wanted.bulk_row,
        pool=wanted.pool,
        times={"accepted": asked.now_ms},
    )


def _store(message: Message, table: Table, *more: Write, waits_for: str = "") -> Message | None:
    """Store it under the next number of its chat and lane; or find that it was stored by an earlier try. None when a
    condition of what is to be written with it does not hold."""
    due_ms = max(message.created_ms, message.send_at_ms)
    if message.send_at_ms > message.created_ms:
        waits_for = ""  # its own time comes first; what it waits for then is seen then
    elif waits_for:
        due_ms = min(due_ms + LOOK_AGAIN_MS, message.expires_ms or due_ms + LOOK_AGAIN_MS)
    for attempt in range(TRIES):
        number = accepted_so_far(table, message.session, message.contact, message.lane) + 1
        numbered = replace(message, number=number)
        try:
            table.transact([*more, *accept_writes(numbered, due_ms=due_ms, waits_for=waits_for)])
        except (ConditionFailed, TransactionConflict) as failure:
            stored = get_message(table, message.id)
            if stored is not None:
                return stored
            if isinstance(failure, ConditionFailed) and any(position < len(more) for position in failure.failed):
                return None
            pause(attempt)
        else:
            return numbered
    raise _too_many()


def _too_many() -> TransactionConflict:
    return TransactionConflict("Too many messages to this chat are accepted at once; try again.")


def _hint(message: Message, now_ms: int, queues: Queues, *, long_queue: bool) -> None:
    """What is not due yet waits in the table, where its owner finds it; so does bulk behind a long queue, which a hint
    of its own would let it overtake."""
    if message.send_at_ms <= now_ms and not (long_queue and message.lane == "bulk"):
        enqueue(message.session, message.lane, message.contact, message.id, message.id, queues=queues)


def _is_long(session: Session, backlog: Backlog | None, table: Table) -> bool:
    return backlog is not None and backlog.waiting(session, table)["bulk"] > NEAR_HORIZON
