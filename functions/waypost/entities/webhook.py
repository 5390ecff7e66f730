"""A webhook endpoint, how far its fan-out has come, and what it is still owed, in order per chat (decision 8).

    pk TEN#{tenant}#HOOKS   sk {hook}                    the endpoint; url and secret are sealed under the tenant's key
    pk HOOK#{hook}          sk FAN#{session}             the newest event that was fanned out
    pk HOOK#{hook}#{lane}   sk LANE                      failed attempts and when the next may be; who delivers now
    pk HOOK#{hook}#{lane}   sk OWED#{generation}#{n}     an event that the endpoint has not taken yet

A lane is `{session}#{contact or -}`.
"""

from dataclasses import dataclass

from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Put, Table, Update, When, Write


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`sealed` is a JSON object with `url` and `secret`. Empty `events` means all; `session` None means all."""

    id: str
    tenant: str
    sealed: bytes
    events: tuple[str, ...]
    session: str | None
    created_ms: int


@dataclass(frozen=True, slots=True)
class LaneState:
    """`busy_until_ms` is a short lease: one delivery of a lane at a time."""

    attempts: int = 0
    not_before_ms: int = 0
    busy_until_ms: int = 0
    last_error: str | None = None


def lane_name(session: str, contact: str | None) -> str:
    return f"{session}#{contact or '-'}"


def put_endpoint(table: Table, endpoint: Endpoint) -> None:
    """Raises ConditionFailed when the id is taken."""
    table.put(
        {
            "pk": f"TEN#{endpoint.tenant}#HOOKS",
            "sk": endpoint.id,
            "id": endpoint.id,
            "tenant": endpoint.tenant,
            "sealed": endpoint.sealed,
            "events": list(endpoint.events),
            "session": endpoint.session,
            "created_ms": endpoint.created_ms,
        },
        when=When.all(Clause("is new", "pk", "absent")),
    )


def get_endpoint(table: Table, tenant: str, hook: str) -> Endpoint | None:
    item = table.get(Key(f"TEN#{tenant}#HOOKS", hook))
    return None if item is None else _from_item(item)


def list_endpoints(table: Table, tenant: str) -> list[Endpoint]:
    return [_from_item(item) for item in table.query(f"TEN#{tenant}#HOOKS", limit=1000).items]


def delete_endpoint(table: Table, tenant: str, hook: str) -> None:
    table.delete(Key(f"TEN#{tenant}#HOOKS", hook))


def fanned_out(table: Table, hook: str, session: str) -> tuple[int, int] | None:
    """Generation and number of the newest event that was fanned out to this endpoint; None before the first."""
    item = table.get(Key(f"HOOK#{hook}", f"FAN#{session}"))
    return None if item is None else (number(item, "generation"), number(item, "number"))


def fan_out_writes(
    hook: str, session: str, before: tuple[int, int] | None, after: tuple[int, int], owed: list[tuple[str, int, int]]
) -> list[Write]:
    """The writes that move the fan-out from `before` to `after` and note what is owed: (lane, generation, number)."""
    unchanged = (
        When.all(
            Clause("nobody fanned out since", "number", "eq", before[1]), Clause("same", "generation", "eq", before[0])
        )
        if before
        else When.all(Clause("is first", "pk", "absent"))
    )
    fan = Update(
        Key(f"HOOK#{hook}", f"FAN#{session}"), set={"generation": after[0], "number": after[1]}, when=unchanged
    )
    return [fan, *(Put(_owed_item(hook, lane, generation, number_)) for lane, generation, number_ in owed)]


def list_owed(table: Table, hook: str, lane: str, *, limit: int) -> list[tuple[int, int]]:
    """(generation, number) of what the endpoint is owed in a lane, in order."""
    page = table.query(f"HOOK#{hook}#{lane}", begins_with="OWED#", limit=limit)
    return [(number(item, "generation"), number(item, "number")) for item in page.items]


def get_lane(table: Table, hook: str, lane: str) -> LaneState:
    item = table.get(Key(f"HOOK#{hook}#{lane}", "LANE"))
    return LaneState() if item is None else _lane(item)


def take_lane(table: Table, hook: str, lane: str, now_ms: int, until_ms: int) -> LaneState | None:
    """Become the one who delivers this lane; None while somebody else does or it is not time yet."""
    try:
        item = table.update(
            Update(
                Key(f"HOOK#{hook}#{lane}", "LANE"),
                set={"busy_until_ms": until_ms},
                # Adding 0 makes the attributes, so that a taker who dies leaves an item that the next one can take.
                add={"attempts": 0, "not_before_ms": 0},
                when=When.all(Clause("is first", "pk", "absent")).or_all(
                    Clause("nobody delivers", "busy_until_ms", "le", now_ms),
                    Clause("it is time", "not_before_ms", "le", now_ms),
                ),
            )
        )
    except ConditionFailed:
        return None
    return _lane(item)


def leave_lane(table: Table, hook: str, lane: str, state: LaneState) -> None:
    table.update(
        Update(
            Key(f"HOOK#{hook}#{lane}", "LANE"),
            set={
                "busy_until_ms": 0,
                "attempts": state.attempts,
                "not_before_ms": state.not_before_ms,
                "last_error": state.last_error,
            },
        )
    )


def paid(table: Table, hook: str, lane: str, generation: int, number_: int) -> None:
    """The endpoint has taken the event."""
    table.delete(_owed_key(hook, lane, generation, number_))


def _owed_key(hook: str, lane: str, generation: int, number_: int) -> Key:
    return Key(f"HOOK#{hook}#{lane}", f"OWED#{generation:04d}#{number_:012d}")


def _owed_item(hook: str, lane: str, generation: int, number_: int) -> Item:
    key = _owed_key(hook, lane, generation, number_)
    return {"pk": key.pk, "sk": key.sk, "generation": generation, "number": number_}


def _lane(item: Item) -> LaneState:
    return LaneState(
        attempts=number(item, "attempts"),
        not_before_ms=number(item, "not_before_ms"),
        busy_until_ms=number(item, "busy_until_ms"),
        last_error=text_or_none(item, "last_error"),
    )


def _from_item(item: Item) -> Endpoint:
    events = item["events"]
    assert isinstance(events, list)
    return Endpoint(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        sealed=blob(item, "sealed"),
        events=tuple(str(event) for event in events),
        session=text_or_none(item, "session"),
        created_ms=number(item, "created_ms"),
    )
