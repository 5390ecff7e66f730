"""Holding a session's lanes and letting them go on, with an event each; safe to repeat."""

from collections.abc import Mapping, Sequence

from waypost.domain.event import Draft, rfc3339
from waypost.domain.message import Lane
from waypost.entities.head import get_head
from waypost.entities.queue_pause import Pause, pause_write, resume_write
from waypost.entities.session import Session
from waypost.errors import NotFound
from waypost.ports import Queues, Table, Write
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sending import feed


def pause_lanes(
    session: Session,
    lanes: Sequence[Lane],
    *,
    reason: str = "requested",
    now_ms: int,
    table: Table,
    queues: Queues,
    seals: Seals,
) -> None:
    """Nothing of these lanes is handed to WhatsApp from now on; what is with it already goes on."""
    for lane in lanes:
        data = {"lane": lane, "paused": True, "reason": reason, "since": rfc3339(now_ms)}
        write = pause_write(session.id, Pause(lane, now_ms, reason))
        _tell(session, data, write, now_ms=now_ms, table=table, queues=queues, seals=seals)


def resume_lanes(
    session: Session, lanes: Sequence[Lane], *, now_ms: int, table: Table, queues: Queues, seals: Seals
) -> None:
    """Let these lanes go on, and say so to the owner, who may sleep."""
    for lane in lanes:
        data = {"lane": lane, "paused": False, "reason": "requested", "since": rfc3339(now_ms)}
        write = resume_write(session.id, lane)
        _tell(session, data, write, now_ms=now_ms, table=table, queues=queues, seals=seals)
        feed(session.id, lane, in_hand=(), unique=f"resume-{now_ms}", now_ms=now_ms, table=table, queues=queues)


def _tell(
    session: Session,
    data: Mapping[str, object],
    write: Write,
    *,
    now_ms: int,
    table: Table,
    queues: Queues,
    seals: Seals,
) -> None:
    """The change with its event in one transaction; neither when it is so already."""
    head = get_head(table, session.id)
    if head is None:
        raise NotFound("There is no such session.", field="session_id", code="session_not_found")
    told = {"status": session.status, "previous": session.status, "reason": session.reason, "queue": data}
    entry = Entry((Draft("session_status", now_ms, told),), (write,))
    done = append([entry], head=head, table=table, seals=seals, epoch=None, build=session.build)
    if not done.refused:
        nudge_consumers(session.id, done.head.number, queues=queues)
