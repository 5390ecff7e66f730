"""Ending what was not sent in its time, where no owner does it: its session is stopped, or its lane is held."""

from collections.abc import Iterator

from waypost.domain.expiry import is_too_late, reason_of
from waypost.domain.message import Lane, Message
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.schedule import Waiting, page_by_due
from waypost.entities.session import list_sessions
from waypost.entities.tenant import list_tenants
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.journal import append, batches
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sending import wake_behind
from waypost.services.telling import ended_unsent

_LANES: tuple[Lane, ...] = ("interactive", "bulk")
_PAGE = 500
_MOST = 5000  # looked at in a lane; the first due end first, and the next sweep goes on


def expire_overdue(
    *, table: Table, queues: Queues, seals: Seals, contacts: Contacts, longest_wait_ms: int, now_ms: int
) -> int:
    """Of all sessions; returns how many. What somebody hands over in this moment is left to him."""
    ended = 0
    for session in _sessions(table):
        late: list[tuple[Waiting, Message]] = []
        for waiting in _due(table, session, now_ms):
            message = _too_late(table, waiting, longest_wait_ms, now_ms)
            if message is not None:
                late.append((waiting, message))
        head = get_head(table, session) if late else None
        if head is None:
            continue
        entries = [
            ended_unsent(message, "expired", reason_of(waiting.waits_for), now_ms, contacts=contacts)
            for waiting, message in late
        ]
        for piece in batches(entries):
            done = append(piece, head=head, table=table, seals=seals, epoch=None)
            head = done.head
            ended += len(piece) - len(done.refused)
        nudge_consumers(session, head.number, queues=queues)
        wake_behind(late, table=table, queues=queues, now_ms=now_ms)
    return ended


def _sessions(table: Table) -> Iterator[str]:
    for tenant, _ in list_tenants(table):
        cursor: str | None = None
        while True:
            sessions, cursor = list_sessions(table, tenant, limit=500, cursor=cursor)
            yield from (session.id for session in sessions)
            if cursor is None:
                break


def _due(table: Table, session: str, now_ms: int) -> Iterator[Waiting]:
    """What was put off is due at its end at the latest, so that it is found here."""
    for lane in _LANES:
        cursor: str | None = None
        for _ in range(_MOST // _PAGE):
            page, cursor = page_by_due(table, session, lane, limit=_PAGE, due_by_ms=now_ms, cursor=cursor)
            yield from page
            if cursor is None:
                break


def _too_late(table: Table, waiting: Waiting, longest_wait_ms: int, now_ms: int) -> Message | None:
    # A place that has no end of its own has the longest wait's, which only its message tells once it was put off.
    put_off = waiting.waits_for not in ("", "time")
    ends_ms = waiting.expires_ms or waiting.due_ms + (0 if put_off else longest_wait_ms)
    if ends_ms > now_ms or not (waiting.expires_ms or longest_wait_ms):
        return None
    message = get_message(table, waiting.message)
    if message is None or message.status != "accepted":
        return None
    return message if is_too_late(message, longest_wait_ms, now_ms) else None
