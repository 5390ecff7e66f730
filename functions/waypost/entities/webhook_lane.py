"""What a webhook endpoint is still owed, in order per lane (decision 8).

    pk HOOK#{hook}#{lane}   sk LANE                  failed attempts, when the next may be, who delivers now
    pk HOOK#{hook}#{lane}   sk OWED#{generation}#{n} an event that the endpoint has not taken yet

A lane is `{session}#{contact or -}`. Its LANE item exists while something is owed, and is in index by_owner under
`lanes#{shard}` by the time from which on somebody should be at it, so that the sweeper finds a lost timer. What is
owed is there under `owed#{hook}` by the time of its note, so that a look at an endpoint tells how much, and since when.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waypost.entities.record import number, text, text_or_none
from waypost.entities.webhook_dead import DeadEvent, dead_write
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write

SHARDS = 8  # one partition of an index takes about 1000 writes/s, and every event writes to it
_PAGE = 40  # so that a transaction has room for two writes each


@dataclass(frozen=True, slots=True)
class LaneState:
    """`busy_until_ms` is a short lease, and names its holder: one delivery of a lane at a time.

    `noted` counts how often something was added: equal to what it was, nothing new is owed.
    """

    attempts: int = 0
    not_before_ms: int = 0
    busy_until_ms: int = 0
    noted: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    hook: str
    tenant: str
    name: str

    @property
    def session(self) -> str:
        return self.name.partition("#")[0]

    @property
    def pk(self) -> str:
        return f"HOOK#{self.hook}#{self.name}"

    @property
    def key(self) -> Key:
        return Key(self.pk, "LANE")


@dataclass(frozen=True, slots=True)
class Owed:
    generation: int
    number: int
    noted_ms: int


def lane_name(session: str, contact: str | None) -> str:
    return f"{session}#{contact or '-'}"


def owed_writes(lane: Lane, events: Sequence[tuple[int, int]], now_ms: int, *, at_once: bool = False) -> list[Write]:
    """The writes that note (generation, number) as owed in a lane: one each, and one for the lane. A lane that waits
    after a failure goes on waiting, unless `at_once`."""
    patience = {"attempts": 0, "not_before_ms": 0}
    noted = Update(
        lane.key,
        set={
            "hook": lane.hook,
            "tenant": lane.tenant,
            "lane": lane.name,
            **_due(lane, now_ms),
            **(patience if at_once else {}),
        },
        add={"noted": 1, "busy_until_ms": 0, **({} if at_once else patience)},
    )
    return [noted, *(Put(_owed_item(lane, Owed(*event, now_ms))) for event in events)]


def list_owed(table: Table, lane: Lane, *, limit: int) -> list[Owed]:
    """What the endpoint is owed in a lane, in order."""
    page = table.query(lane.pk, begins_with="OWED#", limit=limit)
    return [Owed(number(item, "generation"), number(item, "number"), number(item, "noted_ms")) for item in page.items]


def count_owed(table: Table, hook: str, *, at_most: int) -> tuple[int, int | None]:
    """How much an endpoint is owed in all its lanes, counted up to a limit, and when the oldest of it was noted."""
    page = table.query(f"owed#{hook}", index="by_owner", limit=at_most)
    return len(page.items), number(page.items[0], "noted_ms") if page.items else None


def take_lane(table: Table, lane: Lane, now_ms: int, until_ms: int) -> LaneState | None:
    """Become the one who delivers this lane; None while somebody else does, it is not time yet, or nothing is owed."""
    when = When.all(
        Clause("nobody delivers", "busy_until_ms", "le", now_ms), Clause("it is time", "not_before_ms", "le", now_ms)
    )
    return _update(table, Update(lane.key, set={"busy_until_ms": until_ms}, when=when))


def keep_lane(table: Table, lane: Lane, state: LaneState, until_ms: int) -> LaneState | None:
    """Hold it longer, and see what it is now; None when somebody else has taken it."""
    return _update(table, Update(lane.key, set={"busy_until_ms": until_ms}, when=_held(state)))


def leave_lane(table: Table, lane: Lane, state: LaneState, *, not_before_ms: int, attempts: int, error: str) -> bool:
    """Give it up until a later time; False when somebody else has taken it."""
    left = Update(
        lane.key,
        set={
            "busy_until_ms": 0,
            "attempts": attempts,
            "not_before_ms": not_before_ms,
            "last_error": error,
            **_due(lane, not_before_ms),
        },
        when=_held(state),
    )
    return _update(table, left) is not None


def pay(table: Table, lane: Lane, owed: Owed) -> None:
    """The endpoint has taken the event."""
    table.delete(_owed_key(lane, owed))


def pay_last(table: Table, lane: Lane, state: LaneState, owed: Owed | None) -> bool:
    """The endpoint has taken the event (None: there was none), and the lane ends with it. False when more was noted
    meanwhile or somebody else has taken the lane: nothing is written then."""
    settled = (*(_held(state).any_of[0]), Clause("nothing new is owed", "noted", "eq", state.noted))
    writes: list[Write] = [Delete(lane.key, When.all(*settled))]
    if owed is not None:
        writes.append(Delete(_owed_key(lane, owed)))
    try:
        table.transact(writes)
    except ConditionFailed:
        return False
    return True


def bury(table: Table, lane: Lane, events: Sequence[Owed], reason: str, now_ms: int) -> None:
    """Give events up: from what is owed to the endpoint's dead letters, with the reason."""
    for at in range(0, len(events), _PAGE):
        piece = events[at : at + _PAGE]
        deletes: list[Write] = [Delete(_owed_key(lane, owed)) for owed in piece]
        table.transact([*deletes, *(_dead(lane, owed, reason, now_ms) for owed in piece)])


def drop_lane(table: Table, lane: Lane) -> None:
    """Forget what is owed to an endpoint that was deleted."""
    while owed := list_owed(table, lane, limit=_PAGE):
        table.transact([Delete(_owed_key(lane, each)) for each in owed])
    table.delete(lane.key)


def overdue_lanes(table: Table, before_ms: int) -> Iterator[Lane]:
    """Lanes that somebody should have been at since before this time, and nobody is (index: may be stale)."""
    for shard in range(SHARDS):
        cursor: str | None = None
        while True:
            bounds = ("0", f"{before_ms:013d}")
            page = table.query(f"lanes#{shard}", index="by_owner", between=bounds, limit=500, cursor=cursor)
            for item in page.items:
                state = _state(item)
                if max(state.busy_until_ms, state.not_before_ms) < before_ms:
                    yield Lane(text(item, "hook"), text(item, "tenant"), text(item, "lane"))
            cursor = page.cursor
            if cursor is None:
                break


def _update(table: Table, update: Update) -> LaneState | None:
    try:
        return _state(table.update(update))
    except ConditionFailed:
        return None


def _held(state: LaneState) -> When:
    return When.all(Clause("still held", "busy_until_ms", "eq", state.busy_until_ms))


def _due(lane: Lane, due_ms: int) -> dict[str, str]:
    shard = zlib.crc32(lane.pk.encode()) % SHARDS
    return {"owner_pk": f"lanes#{shard}", "owner_sk": f"{due_ms:013d}"}


def _owed_key(lane: Lane, owed: Owed) -> Key:
    return Key(lane.pk, f"OWED#{owed.generation:04d}#{owed.number:012d}")


def _owed_item(lane: Lane, owed: Owed) -> Item:
    key = _owed_key(lane, owed)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "generation": owed.generation,
        "number": owed.number,
        "noted_ms": owed.noted_ms,
        "owner_pk": f"owed#{lane.hook}",
        "owner_sk": f"{owed.noted_ms:013d}",
    }


def _dead(lane: Lane, owed: Owed, reason: str, now_ms: int) -> Write:
    return dead_write(lane.hook, DeadEvent(lane.session, owed.generation, owed.number, lane.name, reason, now_ms))


def _state(item: Item) -> LaneState:
    return LaneState(
        attempts=number(item, "attempts"),
        not_before_ms=number(item, "not_before_ms"),
        busy_until_ms=number(item, "busy_until_ms"),
        noted=number(item, "noted"),
        last_error=text_or_none(item, "last_error"),
    )
