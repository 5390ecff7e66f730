"""A WebSocket client begins and ends following a session. The events themselves go by the session's FIFO group."""

import os
from typing import Any

from waypost.domain.ids import is_id
from waypost.domain.lease import Head
from waypost.entities.head import get_head
from waypost.entities.subscription import Subscription, count_subscriptions, end_subscription, put_subscription
from waypost.errors import ConditionFailed, Conflict, NotFound, ValidationError
from waypost.ports import Queues, Table
from waypost.services.nudges import nudge_connection
from waypost.services.sessions import find_session

CONNECTION_SECONDS = 2 * 3600  # the cloud's gateway closes a connection at this age
# A browser's tabs and windows come to 6 to 50 connections (R-RT-4); one connection serves as many sessions. What is
# asked for at the same moment may pass the limit together: it keeps the work bounded, and needs no exact count.
MAX_SUBSCRIPTIONS = 50
_LARGEST_NUMBER = 10**12 - 1  # numbers have 12 digits in the log's keys


def subscribe(
    connection: str, tenant: str, message: dict[str, Any], *, key: str | None, table: Table, queues: Queues, now_ms: int
) -> None:
    """Store the subscription and wake the session's FIFO group, which confirms it and then replays.

    The confirmation cannot be the answer to this message: another event of the session may wake the group as soon as
    the subscription is stored, and its frame would overtake the answer.

    Raises ValidationError, NotFound (also for another tenant's session), Conflict.
    """
    session = _session_id(message)
    find_session(session, tenant=tenant, table=table)
    head = get_head(table, session)
    if head is None:
        raise NotFound("There is no such session.", field="session_id", code="session_not_found")
    generation, number = _start(message, head)
    if count_subscriptions(table, connection, but=session, at_most=MAX_SUBSCRIPTIONS) >= MAX_SUBSCRIPTIONS:
        raise Conflict(
            f"This connection follows {MAX_SUBSCRIPTIONS} sessions already.",
            field="session_id",
            mend="Unsubscribe from one of them, or open another connection.",
            code="too_many_subscriptions",
        )
    subscription = Subscription(
        id=os.urandom(8).hex(),
        connection=connection,
        session=session,
        tenant=tenant,
        generation=generation,
        number=number,
        key=key,
    )
    try:
        put_subscription(table, subscription, ttl=now_ms // 1000 + CONNECTION_SECONDS)
    except ConditionFailed:
        raise Conflict(
            "This connection has ended.", mend="Connect again and go on with `after`.", code="connection_ended"
        ) from None
    nudge_connection(session, connection, queues=queues, unique=subscription.id)


def unsubscribe(connection: str, message: dict[str, Any], *, table: Table) -> str:
    """Stop following; returns the session. Frames on their way may still arrive. Harmless when not followed."""
    session = _session_id(message)
    end_subscription(table, connection, session)
    return session


def _session_id(message: dict[str, Any]) -> str:
    session = message.get("session_id")
    if not isinstance(session, str):
        raise ValidationError(
            "Which session is missing.", field="session_id", mend='Give "session_id": "ses_…".', code="missing"
        )
    # What cannot be an id never reaches a key; the answer is the same as for one that is unknown.
    if not is_id("ses", session):
        raise NotFound(
            "There is no such session.",
            field="session_id",
            mend="List the sessions with GET /v1/sessions.",
            code="session_not_found",
        )
    return session


def _start(message: dict[str, Any], head: Head) -> tuple[int, int]:
    """Generation and number of the newest event that the client has, or counts as having."""
    after = _number(message, "after")
    generation = _number(message, "generation")
    if generation is not None and generation < head.generation:
        raise Conflict(
            f"Generation {generation} of this session's events is over; it is {head.generation} now.",
            field="generation",
            mend=f"Subscribe with generation {head.generation} and after 0: its first event names the possible gap.",
            code="generation_over",
        )
    ahead = (generation or head.generation, after or 0) > (head.generation, head.number)
    if ahead:
        raise ValidationError(
            f"The newest event is number {head.number} of generation {head.generation}; this is ahead of it.",
            field="after" if generation in (None, head.generation) else "generation",
            mend="Give the generation and number of an event that you received, or leave `after` out to begin now.",
            code="after_ahead_of_log",
        )
    return head.generation, head.number if after is None else after


def _number(message: dict[str, Any], name: str) -> int | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_NUMBER:
        raise ValidationError(
            f"`{name}` is not a whole number from 0.", field=name, mend="Give a number, not a text.", code="invalid"
        )
    return value
