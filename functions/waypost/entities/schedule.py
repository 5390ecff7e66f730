"""The schedule: which messages of a session are not settled, and how many a chat and lane has had (decision 5).

pk SES#{session}#{contact}   sk LANE#{lane}          how many were accepted in this chat and lane
pk SES#{session}#WAIT#{lane} sk {contact}#{number}   one item a message that is not settled; in index by_due as
                                                     `{session}#{lane}`
"""

from dataclasses import dataclass, replace
from typing import cast

from waypost.domain.message import Lane, Message
from waypost.entities.record import number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write

MEDIA = "media"  # what a message waits for whose file is not ready; it holds its place (P3)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message's place in the schedule. It may be sent from `due_ms` on, and before `expires_ms` (0: for ever).

    `waits_for` is why it is not sent at once, as far as that was known when it was last looked at ("" nothing,
    "time" for its own time, MEDIA for its file).
    """

    message: str
    session: str
    contact: str
    lane: Lane
    number: int
    due_ms: int
    expires_ms: int = 0
    waits_for: str = ""
    bulk: str | None = None
    template: str | None = None
    pool: str | None = None


def accepted_so_far(table: Table, session: str, contact: str, lane: Lane) -> int:
    item = table.get(_lane_key(session, contact, lane))
    return 0 if item is None else number(item, "accepted")


def place_writes(message: Message, *, due_ms: int, waits_for: str = "") -> list[Write]:
    """The writes that take a message's number, which fails when another took it meanwhile, and hold its place. What
    waits for something beside its time says so, and is looked at again at `due_ms`."""
    before = message.number - 1
    free = Clause("the number is next", "accepted", "eq", before) if before else Clause("is first", "pk", "absent")
    lane_key = _lane_key(message.session, message.contact, message.lane)
    place = Waiting(
        message=message.id,
        session=message.session,
        contact=message.contact,
        lane=message.lane,
        number=message.number,
        due_ms=due_ms,
        expires_ms=message.expires_ms,
        waits_for=waits_for or ("time" if due_ms > message.created_ms else ""),
        bulk=message.bulk,
        template=message.template,
        pool=message.pool,
    )
    return [Update(lane_key, set={"accepted": message.number}, when=When.all(free)), Put(_waiting_item(place))]


def settled_write(message: Message) -> Delete:
    """The write that takes a message out of the schedule."""
    return Delete(_waiting_key(message.session, message.contact, message.lane, message.number))


def leave_schedule(table: Table, waiting: Waiting) -> None:
    """Take a place out of the schedule that its message does not need any more. Harmless when it is gone."""
    table.delete(_waiting_key(waiting.session, waiting.contact, waiting.lane, waiting.number))


def put_off(table: Table, waiting: Waiting, due_ms: int, waits_for: str) -> None:
    """Let it wait until `due_ms`, and say why. Harmless when it is gone."""
    later = replace(waiting, due_ms=due_ms, waits_for=waits_for)
    exists = When.all(Clause("it still waits", "pk", "exists"))
    try:
        table.put(_waiting_item(later), when=exists)
    except ConditionFailed:
        return


def wake_place(table: Table, message: Message, now_ms: int) -> Waiting | None:
    """Let a message that waits for its file go on, and what waits behind it; of one that is settled, what waits behind
    it alone. Returns the last that may go now; None when it waits for something else, or nothing waits."""
    places = waiting_in_chat(
        table, message.session, message.contact, message.lane, after=message.number - 1, up_to=_LAST_NUMBER
    )
    last: Waiting | None = None
    for place in places:
        if place.waits_for != (MEDIA if place.number == message.number else "order"):
            break
        put_off(table, place, now_ms, "")
        last = place
    return last


_LAST_NUMBER = 10**12 - 1


def waiting_in_chat(
    table: Table, session: str, contact: str, lane: Lane, *, up_to: int, after: int = 0, due_by_ms: int | None = None
) -> list[Waiting]:
    """What is not settled in a chat and lane, behind number `after`, number `up_to` included, in order; the first of
    it, if there is any. What has a time of its own later than `due_by_ms` holds up nobody. Read consistently: it
    decides P3."""
    cursor: str | None = None
    span = (f"{contact}#{after + 1:012d}", f"{contact}#{up_to:012d}")
    while True:
        page = table.query(_waiting_pk(session, lane), between=span, limit=100, cursor=cursor)
        found = [_waiting(item) for item in page.items]
        due = [one for one in found if due_by_ms is None or one.waits_for != "time" or one.due_ms <= due_by_ms]
        cursor = page.cursor
        if due or cursor is None:
            return due


def waiting_by_due(
    table: Table, session: str, lane: Lane, *, limit: int, due_by_ms: int | None = None
) -> list[Waiting]:
    """What is not settled in a lane, first due first, for the feeder. From an index: it may lag."""
    return page_by_due(table, session, lane, limit=limit, due_by_ms=due_by_ms)[0]


def page_by_due(
    table: Table, session: str, lane: Lane, *, limit: int, due_by_ms: int | None = None, cursor: str | None = None
) -> tuple[list[Waiting], str | None]:
    """The same in pages."""
    span = None if due_by_ms is None else ("0", f"{due_by_ms:013d}~")
    page = table.query(_due_pk(session, lane), index="by_due", between=span, limit=limit, cursor=cursor)
    return [_waiting(item) for item in page.items], page.cursor


def next_due(table: Table, session: str, lane: Lane, *, after_ms: int) -> int | None:
    """When the next message's own time comes; None: nothing waits for one."""
    page = table.query(_due_pk(session, lane), index="by_due", after=f"{after_ms:013d}~", limit=1)
    return _waiting(page.items[0]).due_ms if page.items else None


def page_waiting(
    table: Table, session: str, lane: Lane, *, contact: str | None = None, limit: int, cursor: str | None
) -> tuple[list[Waiting], str | None]:
    """What is not settled in a lane, or in one chat of it, in no particular order. Read consistently."""
    begins_with = None if contact is None else f"{contact}#"
    page = table.query(_waiting_pk(session, lane), begins_with=begins_with, limit=limit, cursor=cursor)
    return [_waiting(item) for item in page.items], page.cursor


def last_waiting_by_chat(table: Table, session: str, lane: Lane, *, due_by_ms: int | None = None) -> dict[str, int]:
    """For each chat of a lane with something unsettled and due, the highest number: where a new owner sends on from."""
    last: dict[str, int] = {}
    cursor: str | None = None
    while True:
        found, cursor = page_waiting(table, session, lane, limit=1000, cursor=cursor)
        for waiting in found:
            if due_by_ms is None or waiting.due_ms <= due_by_ms:
                last[waiting.contact] = waiting.number
        if cursor is None:
            return last


def _lane_key(session: str, contact: str, lane: Lane) -> Key:
    return Key(f"SES#{session}#{contact}", f"LANE#{lane}")


def _waiting_pk(session: str, lane: Lane) -> str:
    return f"SES#{session}#WAIT#{lane}"


def _due_pk(session: str, lane: Lane) -> str:
    return f"{session}#{lane}"


def _waiting_key(session: str, contact: str, lane: Lane, number_: int) -> Key:
    return Key(_waiting_pk(session, lane), f"{contact}#{number_:012d}")


def _waiting_item(waiting: Waiting) -> Item:
    key = _waiting_key(waiting.session, waiting.contact, waiting.lane, waiting.number)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "message": waiting.message,
        "session": waiting.session,
        "contact": waiting.contact,
        "lane": waiting.lane,
        "number": waiting.number,
        "due_ms": waiting.due_ms,
        "expires_ms": waiting.expires_ms,
        "waits_for": waiting.waits_for,
        "bulk": waiting.bulk,
        "template": waiting.template,
        "pool": waiting.pool,
        "due_pk": _due_pk(waiting.session, waiting.lane),
        "due_sk": f"{waiting.due_ms:013d}#{waiting.number:012d}#{waiting.message}",
    }


def _waiting(item: Item) -> Waiting:
    return Waiting(
        message=text(item, "message"),
        session=text(item, "session"),
        contact=text(item, "contact"),
        lane=cast(Lane, text(item, "lane")),
        number=number(item, "number"),
        due_ms=number(item, "due_ms"),
        expires_ms=number(item, "expires_ms"),
        waits_for=text(item, "waits_for") if "waits_for" in item else "",
        bulk=text_or_none(item, "bulk"),
        template=text_or_none(item, "template"),
        pool=text_or_none(item, "pool"),
    )
