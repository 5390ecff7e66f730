"""Putting idle sessions to sleep, and waking them: when there is something to do, and now and then by themselves.

A sleeping session costs an item of an index: nobody looks at it before its time. Whoever leaves it something to do
wakes it. What was left while it fell asleep, by a request that had still seen it awake, is found by a second look.
"""

import random
from typing import get_args

from waypost.domain.message import Lane
from waypost.domain.upkeep import Upkeep
from waypost.entities.command import waiting_commands
from waypost.entities.head import list_asleep, mark_asleep, mark_running
from waypost.entities.queue_pause import get_pause
from waypost.entities.schedule import waiting_by_due
from waypost.entities.session import Session, get_session
from waypost.ports import Queues, Table
from waypost.services.sessions import announce

ASLEEP = "asleep"
_SECOND_LOOK_MS = 60_000  # longer than any request lasts (the API's own limit is 29 s)
_NARROWEST = 0.8  # of the setting: sessions that fell asleep together must not wake together


def next_wake_ms(now_ms: int, upkeep: Upkeep, *, work_ms: int | None) -> int:
    """When a session that falls asleep now wakes by itself: spread, and in time for its next message."""
    spread = random.uniform(_NARROWEST, 1.0)  # noqa: S311  # spread, not a secret
    wake_ms = now_ms + int(upkeep.wake_seconds * 1000 * spread)
    return wake_ms if work_ms is None else min(wake_ms, max(work_ms, now_ms))


def next_work_ms(session_id: str, *, table: Table) -> int | None:
    """When the next message of a lane that is not held may be sent; 0 when a command waits; None: nothing waits."""
    if waiting_commands(table, session_id):
        return 0
    dues = [
        place.due_ms
        for lane in get_args(Lane)
        if get_pause(table, session_id, lane) is None
        for place in waiting_by_due(table, session_id, lane, limit=1)
    ]
    return min(dues, default=None)


def fall_asleep(session_id: str, wake_ms: int, *, table: Table, now_ms: int) -> None:
    """From now on it sleeps; its status says so already. It is looked at once more soon."""
    mark_asleep(table, session_id, min(wake_ms, now_ms + _SECOND_LOOK_MS))


def wake(session_id: str, *, table: Table, queues: Queues) -> None:
    """Let a worker take it. Harmless when it is awake."""
    mark_running(table, session_id, running=True)
    announce(session_id, queues=queues)


def wake_for(session: Session, due_ms: int, *, table: Table, queues: Queues, now_ms: int) -> None:
    """There is something to do from `due_ms` on: if the session sleeps, it is woken then. Call once it is stored."""
    if session.status != ASLEEP:
        return
    if due_ms <= now_ms:
        wake(session.id, table=table, queues=queues)
    elif due_ms < session.wake_ms:
        mark_asleep(table, session.id, due_ms, only_sooner=True)


def wake_due(*, table: Table, queues: Queues, now_ms: int) -> int:
    """Wake the sleeping sessions whose time has come; returns how many. Asks only for those that are due."""
    woken = 0
    for session_id in list_asleep(table, until_ms=now_ms):
        session = get_session(table, session_id)
        if session is None or session.desired != "running":
            mark_running(table, session_id, running=False)
            continue
        work_ms = next_work_ms(session_id, table=table)
        wake_ms = session.wake_ms if work_ms is None else min(session.wake_ms, work_ms)
        if wake_ms <= now_ms:
            wake(session_id, table=table, queues=queues)
            woken += 1
        else:
            mark_asleep(table, session_id, wake_ms)
    return woken
