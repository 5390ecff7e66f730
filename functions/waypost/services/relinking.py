"""Warning of a link that ends, once a day whoever does it: the owner of a session, or the sweeper where it has none."""

from typing import Any

from waypost.domain.event import Draft, rfc3339
from waypost.domain.lease import may_claim
from waypost.domain.relinking import Due, Relinking, what_is_due
from waypost.entities.head import get_head
from waypost.entities.session import Session, list_sessions, warned_write
from waypost.entities.tenant import list_tenants
from waypost.ports import Queues, Table
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sessions import start_session

_ASLEEP = "asleep"  # linked and wanted, but without a browser for now


def relink_warning(session: Session, status: str, *, due_ms: int, warned_ms: int, now_ms: int) -> Entry:
    """The event, and the note that it was given: of two who give the same warning one is refused.

    `warned_ms` is when the last one was given, as the record says."""
    data: dict[str, Any] = {
        "status": status,
        "previous": status,
        "reason": None,
        "warning": {"kind": "relink_due", "at": rfc3339(due_ms)},
        "next": "link_again",
        "command": None,
    }
    return Entry((Draft("session_status", now_ms, data),), (warned_write(session.id, warned_ms, now_ms),))


def look_after_links(*, table: Table, queues: Queues, seals: Seals, policy: Relinking, now_ms: int) -> int:
    """For sessions that nobody owns: warn of links that end, and wake who sleeps when its link has ended, so that it
    asks for a code. One that was stopped on purpose stays stopped; it asks once it is started. Returns how many."""
    found = 0
    for tenant, _ in list_tenants(table):
        cursor: str | None = None
        while True:
            sessions, cursor = list_sessions(table, tenant, limit=500, cursor=cursor)
            for session in sessions:
                found += _look_after(session, table=table, queues=queues, seals=seals, policy=policy, now_ms=now_ms)
            if cursor is None:
                break
    return found


def _look_after(session: Session, *, table: Table, queues: Queues, seals: Seals, policy: Relinking, now_ms: int) -> int:
    if session.me is None or session.desired == "deleted":
        return 0
    due = what_is_due(policy, linked_ms=session.linked_ms, warned_ms=session.relink_warned_ms, now_ms=now_ms)
    if due is Due.NOTHING or (due is Due.RELINK and session.status != _ASLEEP):
        return 0
    head = get_head(table, session.id)
    if head is None or not may_claim(head, now_ms):
        return 0
    if due is Due.RELINK:
        start_session(session, table=table, queues=queues, now_ms=now_ms)
        return 1
    due_ms = policy.due_ms(session.linked_ms)
    entry = relink_warning(session, session.status, due_ms=due_ms, warned_ms=session.relink_warned_ms, now_ms=now_ms)
    done = append([entry], head=head, table=table, seals=seals, epoch=None, build=session.build)
    nudge_consumers(session.id, done.head.number, queues=queues)
    return 1 - len(done.refused)
