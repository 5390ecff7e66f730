"""What becomes of an accepted message until it is sent: cancelled, or put into the near horizon (decision 5)."""

import json
from collections.abc import Collection, Iterable

from waypost.domain.message import Lane, Message
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.queue_pause import get_pause
from waypost.entities.schedule import MEDIA, Waiting, page_by_due, wake_place
from waypost.entities.session import Session
from waypost.errors import Conflict, NotFound
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.holds import Runs
from waypost.services.journal import append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.telling import ended_unsent

NEAR_HORIZON = 20  # messages of a lane that may be in its queue at once (decision 5)
CONTENT = "message"  # what a message's content is sealed for


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
    entry = ended_unsent(message, "cancelled", "requested", now_ms, contacts=contacts)
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
        wake(message, table=table, queues=queues, now_ms=now_ms)
    return current


def wake(message: Message, *, table: Table, queues: Queues, now_ms: int) -> None:
    """It waits for its file no more, or for nothing any more: it goes on, with what waits behind it."""
    last = wake_place(table, message, now_ms)
    if last is not None:
        unique = f"{last.message}-woken-{now_ms}"
        enqueue(last.session, last.lane, last.contact, last.message, unique, queues=queues)


def wake_behind(ended: Iterable[tuple[Waiting, Message]], *, table: Table, queues: Queues, now_ms: int) -> None:
    """Messages were ended unsent: what waits behind those that waited for their files goes on. The others hold nobody
    up, and cost nothing."""
    for place, message in ended:
        if place.waits_for == MEDIA:
            wake(message, table=table, queues=queues, now_ms=now_ms)


def enqueue(
    session_id: str, lane: Lane, contact: str, message_id: str, deduplication_id: str, *, queues: Queues
) -> None:
    """Put a due message on its lane's queue, unless so many wait there that the owner will fetch it later."""
    queue = queues.queue(f"{lane}-{session_id}")
    if queue.depth() < NEAR_HORIZON:
        queue.send(json.dumps({"message": message_id}), group=contact, deduplication_id=deduplication_id)


def feed(
    session_id: str,
    lane: Lane,
    *,
    in_hand: Collection[str],
    unique: str,
    now_ms: int,
    table: Table,
    queues: Queues,
) -> int:
    """Top a lane's queue up from the schedule, first due first, without what the owner has in hand, what has a later
    time of its own, and what is held; returns how many.

    `unique` makes a refill's deduplication ids differ from earlier ones: a message may be in the queue twice, which
    the sender bears, but must never be missing from it.
    """
    queue = queues.queue(f"{lane}-{session_id}")
    room = NEAR_HORIZON - queue.depth()
    if room <= 0 or get_pause(table, session_id, lane) is not None:
        return 0
    due = _due(session_id, lane, room, in_hand=in_hand, now_ms=now_ms, table=table)
    for waiting in due:
        queue.send(
            json.dumps({"message": waiting.message}),
            group=waiting.contact,
            deduplication_id=f"{waiting.message}-{unique}",
        )
    return len(due)


def _due(
    session_id: str, lane: Lane, room: int, *, in_hand: Collection[str], now_ms: int, table: Table
) -> list[Waiting]:
    """What may go, as far as there is room. A run that is held does not hide what stands behind it."""
    runs, found, cursor = Runs(table), list[Waiting](), None
    while True:
        page, cursor = page_by_due(table, session_id, lane, limit=room + len(in_hand), due_by_ms=now_ms, cursor=cursor)
        found += [one for one in page if one.message not in in_hand and runs.state_of(one.bulk) == "running"]
        if len(found) >= room or cursor is None:
            return found[:room]
