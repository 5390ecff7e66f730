"""Noting what each webhook endpoint is owed of a session's log, in order, once (decision 8).

The log is read from where the endpoint's fan-out stands, whatever a nudge says; moving on and noting what is owed is
one transaction. So a nudge may be lost, doubled or late.
"""

import time
from collections.abc import Sequence

from waypost.domain.lease import Head
from waypost.entities.event import StoredEvent, last_before, list_events
from waypost.entities.head import get_head
from waypost.entities.webhook import Endpoint, fan_out_writes, fanned_out, list_endpoints
from waypost.entities.webhook_lane import Lane, lane_name, owed_writes
from waypost.errors import ConditionFailed, TransactionConflict, WaypostError
from waypost.ports import MAX_TRANSACTION_WRITES, Queues, Table, Write
from waypost.services.webhook_nudges import nudge_fan_out, nudge_lane

SECONDS = 12.0  # then the rest of a long log goes by another message
_TRIES = 20

type Place = tuple[int, int]  # generation, number


def fan_out(session: str, *, table: Table, queues: Queues, now_ms: int) -> None:
    """Bring every endpoint that follows the session up to the head. One that fails does not hold up the others;
    its error is raised at the end."""
    head = get_head(table, session)
    if head is None:
        return
    ends = time.monotonic() + SECONDS
    errors: list[WaypostError] = []
    for endpoint in list_endpoints(table, head.tenant):
        if endpoint.disabled is None and endpoint.session in (None, session):
            try:
                _fan_out_to(endpoint, head, table=table, queues=queues, now_ms=now_ms, ends=ends)
            except WaypostError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def lags(endpoint: Endpoint, head: Head, *, table: Table) -> bool:
    """Whether events wait to be fanned out to this endpoint."""
    if endpoint.disabled is not None or endpoint.session not in (None, head.session):
        return False
    before = fanned_out(table, endpoint.id, head.session, endpoint.scope)
    return (before or _start(endpoint, head, table)) < (head.generation, head.number)


def _fan_out_to(endpoint: Endpoint, head: Head, *, table: Table, queues: Queues, now_ms: int, ends: float) -> None:
    tries = 0
    before = fanned_out(table, endpoint.id, head.session, endpoint.scope)
    place = before or _start(endpoint, head, table)
    while place < (head.generation, head.number):
        if time.monotonic() > ends:
            return nudge_fan_out(head.session, head.number, queues=queues)
        events = list_events(table, head.session, place[0], after=place[1], limit=MAX_TRANSACTION_WRITES)
        if not events:
            place = (place[0] + 1, 0)
            continue
        after, lanes = owed_of(endpoint, events)
        try:
            table.transact(fan_out_writes(endpoint, head.session, before, after, notes_of(lanes, now_ms)))
        except (ConditionFailed, TransactionConflict):
            # Somebody else fans out too: go on from where they are.
            tries += 1
            if tries == _TRIES:
                raise
            before = fanned_out(table, endpoint.id, head.session, endpoint.scope)
            place = before or place
            continue
        for lane in lanes:
            nudge_lane(lane, queues=queues)
        before = place = after
    return None


def owed_of(endpoint: Endpoint, events: Sequence[StoredEvent]) -> tuple[Place, dict[Lane, list[Place]]]:
    """How far one transaction gets, and what it notes per lane."""
    lanes: dict[Lane, list[Place]] = {}
    after = (0, 0)
    room = MAX_TRANSACTION_WRITES - 1
    for event in events:
        if not endpoint.events or event.type in endpoint.events:
            lane = Lane(endpoint.id, endpoint.tenant, lane_name(event.session, event.contact))
            room -= 1 if lane in lanes else 2
            if room < 0:
                break
            lanes.setdefault(lane, []).append((event.generation, event.number))
        after = (event.generation, event.number)
    return after, lanes


def notes_of(lanes: dict[Lane, list[Place]], now_ms: int, *, at_once: bool = False) -> list[Write]:
    return [write for lane, places in lanes.items() for write in owed_writes(lane, places, now_ms, at_once=at_once)]


def _start(endpoint: Endpoint, head: Head, table: Table) -> Place:
    """Where a new endpoint begins, or one that follows other sessions now: behind the newest event that is older.

    Found by the events' times at the first fan-out, because noting the head of each of a tenant's sessions when an
    endpoint is made would take a write for each of them, and miss the sessions that are made at the same moment.
    """
    for generation in range(head.generation, 0, -1):
        number = last_before(table, head.session, generation, endpoint.begins_ms)
        if number:
            return generation, number
    return 1, 0
