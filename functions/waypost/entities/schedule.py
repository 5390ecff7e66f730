"""The schedule: which messages of a session are not settled, and how many a chat and lane has had (decision 5).

pk SES#{session}#{contact}   sk LANE#{lane}          how many were accepted in this chat and lane
pk SES#{session}#WAIT#{lane} sk {contact}#{number}   one item a message that is not settled; in index by_due as
                                                     `{session}#{lane}`
"""

from dataclasses import dataclass
from typing import cast

from waypost.domain.message import Lane, Message
from waypost.entities.record import number, text
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message's place in the schedule. It may be sent from `due_ms` on, and before `expires_ms` (0: for ever).

    `waits_for` is why it is not sent at once, as far as that was known when it was last looked at ("" nothing,
    "time" for its own time).
    """

    message: str
    session: str
    contact: str
    lane: Lane
    number: int
    due_ms: int
    expires_ms: int = 0
    waits_for: str = ""


def accepted_so_far(table: Table, session: str, contact: str, lane: Lane) -> int:
    item = table.get(_lane_key(session, contact, lane))
    return 0 if item is None else number(item, "accepted")


def place_writes(message: Message, *, due_ms: int) -> list[Write]:
    """The writes that take a message's number, which fails when another took it meanwhile, and hold its place."""
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
        waits_for="time" if due_ms > message.created_ms else "",
    )
    return [Update(lane_key, set={"accepted": message.number}, when=When.all(free)), Put(_waiting_item(place))]


def settled_write(message: Message) -> Delete:
    """The write that takes a message out of the schedule."""
    return Delete(_waiting_key(message.session, message.contact, message.lane, message.number))


def leave_schedule(table: Table, waiting: Waiting) -> None:
    """Take a place out of the schedule that its message does not need any more. Harmless when it is gone."""
    table.delete(_waiting_key(waiting.session, waiting.contact, waiting.lane, waiting.number))


def waiting_in_chat(table: Table, session: str, contact: str, lane: Lane, *, up_to: int) -> list[Waiting]:
    """What is not settled in a chat and lane, number `up_to` included, in order. Read consistently: it decides P3."""
    page = table.query(
        f"SES#{session}#WAIT#{lane}",
        between=(f"{contact}#{0:012d}", f"{contact}#{up_to:012d}"),
        limit=100,
    )
    return [_waiting(item) for item in page.items]


def waiting_by_due(table: Table, session: str, lane: Lane, *, limit: int) -> list[Waiting]:
    """What is not settled in a lane, first due first, for the feeder. From an index: it may lag."""
    page = table.query(f"{session}#{lane}", index="by_due", limit=limit)
    return [_waiting(item) for item in page.items]


def last_waiting_by_chat(table: Table, session: str, lane: Lane) -> dict[str, int]:
    """For each chat of a lane with something unsettled, the highest number: where a new owner sends on from."""
    last: dict[str, int] = {}
    cursor: str | None = None
    while True:
        page = table.query(f"SES#{session}#WAIT#{lane}", limit=1000, cursor=cursor)
        for item in page.items:
            waiting = _waiting(item)
            last[waiting.contact] = waiting.number
        cursor = page.cursor
        if cursor is None:
            return last


def _lane_key(session: str, contact: str, lane: Lane) -> Key:
    return Key(f"SES#{session}#{contact}", f"LANE#{lane}")


def _waiting_key(session: str, contact: str, lane: Lane, number_: int) -> Key:
    return Key(f"SES#{session}#WAIT#{lane}", f"{contact}#{number_:012d}")


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
        "due_pk": f"{waiting.session}#{waiting.lane}",
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
    )
