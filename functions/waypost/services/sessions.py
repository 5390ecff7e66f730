"""What a tenant does with a session: make, start, stop, log out, delete. The owner carries it out (decision 6)."""

import json
import os
from dataclasses import replace
from typing import Any, Literal

from waypost.domain.event import Draft
from waypost.domain.ids import make_id
from waypost.domain.lease import may_claim
from waypost.entities.command import Command, new_command_writes
from waypost.entities.head import get_head, mark_running, new_head
from waypost.entities.session import (
    Session,
    delete_qr,
    delete_session_records,
    get_session,
    session_write,
    set_desired,
    status_write,
)
from waypost.errors import ConditionFailed, Conflict, NotFound
from waypost.ports import Queues, Table
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals

CommandName = Literal["start", "stop", "logout", "delete"]


def create_session(session: Session, *, table: Table, queues: Queues) -> Session:
    """Store a new session, stopped, with its log and its two queues. An equal id returns the session as it is, so
    that a retried request finds what the first one made."""
    queues.create_session_queues(session.id)
    try:
        table.transact([session_write(session), new_head(session.id, session.tenant)])
    except ConditionFailed:
        return find_session(session.id, tenant=session.tenant, table=table)
    return session


def find_session(session_id: str, *, tenant: str, table: Table) -> Session:
    """Raises NotFound, also for another tenant's session: the two are never told apart."""
    session = get_session(table, session_id)
    if session is None or session.tenant != tenant or session.desired == "deleted":
        raise NotFound(
            "There is no such session.",
            field="session_id",
            mend="List the sessions with GET /v1/sessions.",
            code="session_not_found",
        )
    return session


def start_session(session: Session, *, table: Table, queues: Queues, now_ms: int) -> Session:
    """Ask for an owner. Harmless when it runs already."""
    _want(session, "running", table)
    mark_running(table, session.id, running=True)
    _command(session.id, "start", table=table, queues=queues, now_ms=now_ms)
    announce(session.id, queues=queues)
    return replace(session, desired="running")


def stop_session(session: Session, *, table: Table, queues: Queues, seals: Seals, now_ms: int) -> Session:
    """Let the owner close the browser; the account stays linked. Harmless when it is stopped already."""
    _want(session, "stopped", table)
    mark_running(table, session.id, running=False)
    if _is_owned(table, session.id, now_ms):
        _command(session.id, "stop", table=table, queues=queues, now_ms=now_ms)
    elif session.status != "stopped":
        _say_stopped(session, table=table, queues=queues, seals=seals, now_ms=now_ms)
    return find_session(session.id, tenant=session.tenant, table=table)


def log_out_session(session: Session, *, table: Table, queues: Queues, now_ms: int) -> None:
    """Let the owner unlink the device. Raises Conflict when no browser runs that could do it."""
    if not _is_owned(table, session.id, now_ms):
        raise Conflict(
            "The session does not run, so it cannot log out.",
            mend="Start it first: POST /v1/sessions/{id}/start.",
            code="session_not_running",
        )
    _command(session.id, "logout", table=table, queues=queues, now_ms=now_ms)


def delete_session(session: Session, *, table: Table, queues: Queues, now_ms: int) -> None:
    """Remove a session. A running one is unlinked and closed by its owner first, and of one that has run a worker
    removes the profile and its copies; for callers it is gone at once."""
    set_desired(table, session.id, "deleted")
    # It stays among the running ones until it is purged: should its owner die now, the next one goes on with it.
    if _is_owned(table, session.id, now_ms):
        _command(session.id, "delete", table=table, queues=queues, now_ms=now_ms)
    elif session.profile_epoch:
        # It has had a browser: only a worker may touch its profile and the copies of it, and does so before the purge.
        mark_running(table, session.id, running=True)
        announce(session.id, queues=queues)
    else:
        purge_session(session, table=table, queues=queues)


def purge_session(session: Session, *, table: Table, queues: Queues) -> None:
    """Remove what is stored of a session that has no owner any more."""
    mark_running(table, session.id, running=False)
    delete_session_records(table, session)
    queues.delete_session_queues(session.id)


def announce(session_id: str, *, queues: Queues, after_seconds: int = 0) -> None:
    """Tell the workers that a session wants an owner."""
    queues.queue("claims").send(json.dumps({"session": session_id}), delay_seconds=after_seconds)


def _command(session_id: str, name: CommandName, *, table: Table, queues: Queues, now_ms: int) -> None:
    """Leave a command for the owner, and nudge it: the item is the truth, the message only wakes (decision 6)."""
    head = get_head(table, session_id)
    tenant = head.tenant if head is not None else ""
    command = Command(make_id("cmd", os.urandom(16)), session_id, tenant, name, now_ms, arguments=b"")
    table.transact(new_command_writes(command))
    queues.queue(f"interactive-{session_id}").send(
        json.dumps({"command": command.id}), group="control", deduplication_id=command.id
    )


def _want(session: Session, desired: str, table: Table) -> None:
    if not set_desired(table, session.id, desired):
        find_session(session.id, tenant=session.tenant, table=table)  # it was deleted meanwhile: raises NotFound


def _is_owned(table: Table, session_id: str, now_ms: int) -> bool:
    head = get_head(table, session_id)
    return head is not None and not may_claim(head, now_ms)


def _say_stopped(session: Session, *, table: Table, queues: Queues, seals: Seals, now_ms: int) -> None:
    head = get_head(table, session.id)
    if head is None:
        return
    data: dict[str, Any] = {"status": "stopped", "previous": session.status, "reason": "requested"}
    entry = Entry(
        (Draft("session_status", now_ms, data),),
        (status_write(session.id, status="stopped", reason="requested", since_ms=now_ms), delete_qr(session.id)),
    )
    done = append([entry], head=head, table=table, seals=seals, epoch=None, build=session.build)
    nudge_consumers(session.id, done.head.number, queues=queues)
