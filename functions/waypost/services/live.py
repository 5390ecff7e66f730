"""Giving a session's events to the WebSocket connections that follow it, in order, each from its own cursor.

Only the consumer of the session's FIFO group calls this, so replay and live events of a connection never cross. A
round first serves the connections that are close to the head, all from one read of the log, and then gives a bounded
slice to those that are far behind: a long replay delays nobody's live events.

A connection is ended here when it is gone, when it reads too slowly, and when its API key was revoked: at the session's
next event, or within a minute, because the sweeper wakes a session that somebody still follows by a revoked key.
"""

import functools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from waypost.domain.lease import Head
from waypost.entities.event import list_events
from waypost.entities.head import get_head
from waypost.entities.subscription import (
    Subscription,
    end_connection,
    end_subscription,
    list_subscriptions,
    move_cursor,
)
from waypost.errors import NotFound, Throttled, WaypostError
from waypost.ports import Push, Table
from waypost.services.cloudevents import to_frame
from waypost.services.key_watch import KeyWatch
from waypost.services.sealing import Seals

NEAR = 50  # events behind the head: served at once
SLICE_POSTS = 100  # frames of a replay between two looks at the head
_PARALLEL_POSTS = 16  # a post to the cloud's gateway takes some 10 ms, and one browser may hold 50 connections

type Frames = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Given:
    """How far a connection was given its events: None when it ended, or got nothing before the error."""

    subscription: Subscription
    place: tuple[int, int] | None
    error: WaypostError | None = None


def serve_round(session: str, *, table: Table, seals: Seals, push: Push, watch: KeyWatch) -> bool:
    """Give what is due; True when somebody is still behind and another round is needed.

    Raises what the engine raised for a connection after all others were served; its cursor tells what it has.
    """
    head = get_head(table, session)
    if head is None:
        return False
    followed = list_subscriptions(table, session)
    revoked = [s for s in followed if watch.is_revoked(table, s.key)]
    behind = [s for s in followed if s not in revoked and (not s.confirmed or _place(s) < _end(head))]
    near = [s for s in behind if s.generation == head.generation and head.number - s.number <= NEAR]
    far = [s for s in behind if s.generation < head.generation or head.number - s.number > NEAR]
    if near:
        _give(near, limit=NEAR, head=head, table=table, seals=seals, push=push)
    if far:
        _give_slice(far, head=head, table=table, seals=seals, push=push)
    for subscription in revoked:
        _hang_up(subscription, table, push)
    return bool(far)


def _give_slice(far: Sequence[Subscription], *, head: Head, table: Table, seals: Seals, push: Push) -> None:
    """Help those on who are furthest behind; with them all who are close enough to share the read."""
    last = min(map(_place, far))
    group = [s for s in far if s.generation == last[0] and s.number - last[1] < SLICE_POSTS]
    limit = max(1, SLICE_POSTS // len(group))
    _give(group, limit=limit, head=head, table=table, seals=seals, push=push)


def _give(group: Sequence[Subscription], *, limit: int, head: Head, table: Table, seals: Seals, push: Push) -> None:
    """Post the events after each cursor, up to `limit` after the lowest one. `group` is of one generation."""
    generation, after = min(map(_place, group))
    stored = []
    if (generation, after) < _end(head):
        stored = list_events(table, head.session, generation, after=after, limit=limit)
    frames: Frames = [(event.number, to_frame(seals, event)) for event in stored]
    over = not stored and generation < head.generation

    def post(subscription: Subscription) -> Given:
        rest = [frame for frame in frames if frame[0] > subscription.number]
        return _post(subscription, rest, over=over, table=table, push=push)

    def move(given: Given) -> None:
        if given.place is not None:
            move_cursor(table, given.subscription, *given.place)

    # Everybody's frames before anybody's cursor: a crash in between repeats frames, but nobody waits for a write.
    all_given = _for_each(post, group)
    _for_each(move, all_given)
    errors = [given.error for given in all_given if given.error is not None]
    if errors:
        raise errors[0]


def _post(subscription: Subscription, frames: Frames, *, over: bool, table: Table, push: Push) -> Given:
    """Post to one connection. `over`: its generation has no more events, the next one begins."""
    place = (subscription.generation + 1, 0) if over else _place(subscription)
    try:
        if not subscription.confirmed:
            push.post(subscription.connection, _confirmation(subscription))
        for number, frame in frames:
            push.post(subscription.connection, frame)
            place = (subscription.generation, number)
    except NotFound:
        _end_connection(subscription, table)
        return Given(subscription, None)
    except Throttled:
        # A slow consumer: it loses nothing, because it resumes with `after` on its next connection.
        _hang_up(subscription, table, push)
        return Given(subscription, None)
    except WaypostError as error:
        return Given(subscription, place if place != _place(subscription) else None, error)
    return Given(subscription, place)


def _for_each[T, R](act: Callable[[T], R], group: Sequence[T]) -> list[R]:
    """In this thread for one, side by side for many."""
    if len(group) == 1:
        return [act(group[0])]
    return list(_threads().map(act, group))


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_PARALLEL_POSTS, thread_name_prefix="push")


def _hang_up(subscription: Subscription, table: Table, push: Push) -> None:
    with suppress(NotFound):
        push.close(subscription.connection)
    _end_connection(subscription, table)


def _end_connection(subscription: Subscription, table: Table) -> None:
    end_connection(table, subscription.connection)
    # Its own record may be gone already, and this cursor left over.
    end_subscription(table, subscription.connection, subscription.session)


def _confirmation(subscription: Subscription) -> bytes:
    return json.dumps(
        {
            "type": "subscribed",
            "session_id": subscription.session,
            "generation": subscription.generation,
            "after": subscription.number,
        }
    ).encode()


def _place(subscription: Subscription) -> tuple[int, int]:
    return subscription.generation, subscription.number


def _end(head: Head) -> tuple[int, int]:
    return head.generation, head.number
