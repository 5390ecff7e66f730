"""Changing what a session's browser shows of itself: on request, in force at the next launch, told in the log."""

from typing import Any

from waypost.domain.event import Draft
from waypost.entities.head import get_head
from waypost.entities.session import Session, find_changed, identity_write
from waypost.ports import Queues, Table
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals


def change_session(
    session: Session, changes: dict[str, Any], *, table: Table, queues: Queues, seals: Seals, now_ms: int
) -> Session:
    """`changes` are fields of the record (`name`, `metadata`, `identity`, `proxy`); returns it as it is now.

    What is changed of the identity is told by name only: a proxy is a secret."""
    fields = _changed_identity(session, changes)
    head = get_head(table, session.id)
    if fields and head is not None:
        data: dict[str, Any] = {
            "status": session.status,
            "previous": session.status,
            "reason": None,
            "next": None,
            "command": None,
            "identity_changed": {"fields": fields, "reason": "requested", "in_force": "at_next_launch"},
        }
        entry = Entry((Draft("session_status", now_ms, data),), (identity_write(session.id, changes),))
        done = append([entry], head=head, table=table, seals=seals, epoch=None, build=session.build)
        nudge_consumers(session.id, done.head.number, queues=queues)
    elif changes:
        table.update(identity_write(session.id, changes))
    return find_changed(table, session)


def _changed_identity(session: Session, changes: dict[str, Any]) -> list[str]:
    fields: list[str] = []
    if "identity" in changes:
        names = {*session.identity, *changes["identity"]}
        fields = sorted(name for name in names if session.identity.get(name) != changes["identity"].get(name))
    return [*fields, "proxy"] if "proxy" in changes else fields
