"""Posting to an endpoint once more: its dead letters, or a stretch of a session's log. In order per chat.

Both only note what is owed, as the fan-out does; the lanes deliver it, at once: who asks for it has mended what failed.
An event that is owed already is owed once.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waypost.domain.event import place_of
from waypost.domain.lease import Head
from waypost.entities.event import list_events
from waypost.entities.webhook import Endpoint
from waypost.entities.webhook_dead import DeadEvent, get_dead, list_dead, undo_death
from waypost.entities.webhook_lane import Lane
from waypost.errors import ConditionFailed, Conflict, TransactionConflict, ValidationError
from waypost.ports import MAX_TRANSACTION_WRITES, Queues, Table, Write
from waypost.services.contention import TRIES, pause
from waypost.services.webhook_fanout import Place, notes_of, owed_of
from waypost.services.webhook_nudges import nudge_lane

SECONDS = 8.0  # an answer has to be there within the API's 29 s
_PIECE = 33  # letters of a transaction: each takes up to three writes


@dataclass(frozen=True, slots=True)
class Queued:
    """`count` events are owed now. `more`: the time was up, ask again. `unknown`: ids that are no dead letters."""

    count: int
    more: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """`count` events are owed now, up to number `reached` of the log. `more`: go on behind it."""

    count: int
    reached: int
    more: bool


@dataclass(frozen=True, slots=True)
class Post:
    """What redelivery needs."""

    table: Table
    queues: Queues
    now_ms: int


def redeliver_ids(endpoint: Endpoint, ids: Sequence[str], post: Post) -> Queued:
    """Raises Conflict `webhook_disabled`."""
    _check_active(endpoint)
    unknown, dead = [], []
    for event in dict.fromkeys(ids):
        place = place_of(event)
        letter = None if place is None else get_dead(post.table, endpoint.id, *place)
        if letter is None:
            unknown.append(event)
        else:
            dead.append(letter)
    return Queued(_revive_all(endpoint, dead, post), unknown=tuple(unknown))


def redeliver_all(endpoint: Endpoint, post: Post) -> Queued:
    """All that are dead now, as far as the time goes. Raises Conflict `webhook_disabled`."""
    _check_active(endpoint)
    ends, count = time.monotonic() + SECONDS, 0
    for dead in _pages(post.table, endpoint.id):
        count += _revive_all(endpoint, dead, post)
        if time.monotonic() > ends:
            return Queued(count, more=True)
    return Queued(count)


def replay(endpoint: Endpoint, head: Head, generation: int, after: int, until: int | None, post: Post) -> Replay:
    """Owe again what the log of one generation has behind `after` and up to `until` (None: its newest).

    Raises Conflict `webhook_disabled`, ValidationError `session_not_followed`, `empty_range`, `after_ahead_of_log`.
    """
    _check_active(endpoint)
    _check_range(endpoint, head, generation, after, until)
    last = until if until is not None else head.number if generation == head.generation else None
    ends, count, reached = time.monotonic() + SECONDS, 0, after
    while last is None or reached < last:
        events = list_events(post.table, head.session, generation, after=reached, limit=MAX_TRANSACTION_WRITES)
        events = [event for event in events if last is None or event.number <= last]
        if not events:
            break
        (_, reached), lanes = owed_of(endpoint, events)
        _owe(lanes, [], post)
        count += sum(map(len, lanes.values()))
        if time.monotonic() > ends:
            return Replay(count, reached, last is None or reached < last)
    return Replay(count, reached, more=False)


def _revive_all(endpoint: Endpoint, dead: Sequence[DeadEvent], post: Post) -> int:
    return sum(_revive(endpoint, dead[at : at + _PIECE], post) for at in range(0, len(dead), _PIECE))


def _revive(endpoint: Endpoint, dead: Sequence[DeadEvent], post: Post) -> int:
    """From the dead letters to what is owed, in one transaction; without those that somebody else has just taken."""
    left = list(dead)
    while left:
        lanes: dict[Lane, list[Place]] = {}
        for letter in left:
            lane = Lane(endpoint.id, endpoint.tenant, letter.lane)
            lanes.setdefault(lane, []).append((letter.generation, letter.number))
        try:
            _owe(lanes, [undo_death(endpoint.id, letter) for letter in left], post)
        except ConditionFailed as failure:
            left = [letter for place, letter in enumerate(left) if place not in failure.failed]
        else:
            return len(left)
    return 0


def _owe(lanes: dict[Lane, list[Place]], first: Sequence[Write], post: Post) -> None:
    if lanes:
        _transact(post.table, [*first, *notes_of(lanes, post.now_ms, at_once=True)])
    for lane in lanes:
        nudge_lane(lane, queues=post.queues)


def _transact(table: Table, writes: Sequence[Write]) -> None:
    """The lanes may be in work, and then write at the same moment."""
    for attempt in range(TRIES):
        try:
            return table.transact(writes)
        except TransactionConflict:
            pause(attempt)
    raise TransactionConflict("The webhook's lanes are written by too many at once.")


def _pages(table: Table, hook: str) -> Iterator[list[DeadEvent]]:
    """Each page is read anew from the start: the one before it is gone by then."""
    while dead := list_dead(table, hook, limit=_PIECE)[0]:
        yield dead


def _check_active(endpoint: Endpoint) -> None:
    if endpoint.disabled is not None:
        raise Conflict(
            f"The webhook is disabled: {endpoint.disabled}.",
            field="webhook_id",
            mend='Enable it with PATCH /v1/webhooks/{id} {"enabled": true}, then repeat this.',
            code="webhook_disabled",
        )


def _check_range(endpoint: Endpoint, head: Head, generation: int, after: int, until: int | None) -> None:
    if endpoint.session not in (None, head.session):
        raise ValidationError(
            "The webhook does not follow this session.",
            field="session_id",
            mend="Give the webhook's own session_id.",
            code="session_not_followed",
        )
    if (generation, after) > (head.generation, head.number):
        raise ValidationError(
            f"The newest event is number {head.number} of generation {head.generation}; this is ahead of it.",
            field="after",
            mend="Give the number of an event that the log has.",
            code="after_ahead_of_log",
        )
    if until is not None and until <= after:
        raise ValidationError(
            "There is nothing between `after` and `until`.",
            field="until",
            mend="Give an `until` above `after`, or leave it out.",
            code="empty_range",
        )
