"""A message, its place in the schedule, and the names WhatsApp knows it by.

pk MSG#{message}             sk -                    the message; in index by_chat as `{session}#{contact}`
pk SES#{session}#{contact}   sk LANE#{lane}          how many were accepted in this chat and lane
pk SES#{session}#WAIT#{lane} sk {contact}#{number}   one item a message that is not settled: the schedule
                                                     (decision 5); in index by_due as `{session}#{lane}`
pk SES#{session}#WA          sk {out|in#contact}#{hex}   WhatsApp's id → message
"""

from dataclasses import dataclass
from typing import Any, cast

from waypost.domain.message import Direction, Lane, Message, Status, statuses_before
from waypost.entities.chat import active_write
from waypost.entities.record import blob, number, text, text_or_none
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write

_ABSENT = When.all(Clause("is new", "pk", "absent"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message's place in the schedule."""

    message: str
    session: str
    contact: str
    lane: Lane
    number: int
    due_ms: int


def message_key(message: str) -> Key:
    return Key(f"MSG#{message}", "-")


def get_message(table: Table, message: str) -> Message | None:
    item = table.get(message_key(message))
    return None if item is None else _from_item(item)


def list_messages(
    table: Table, session: str, contact: str, *, limit: int, cursor: str | None, newest_first: bool
) -> tuple[list[Message], str | None]:
    page = table.query(f"{session}#{contact}", index="by_chat", limit=limit, cursor=cursor, descending=newest_first)
    return [_from_item(item) for item in page.items], page.cursor


def accepted_so_far(table: Table, session: str, contact: str, lane: Lane) -> int:
    item = table.get(_lane_key(session, contact, lane))
    return 0 if item is None else number(item, "accepted")


def accept_writes(message: Message, *, due_ms: int) -> list[Write]:
    """The writes of an acceptance: the number is taken, the message is stored, its place in the schedule is
    held, its chat was active.

    The first fails when another message took the number meanwhile, the second when the message is there already.
    """
    lane_key = _lane_key(message.session, message.contact, message.lane)
    before = message.number - 1
    free = Clause("the number is next", "accepted", "eq", before) if before else Clause("is first", "pk", "absent")
    return [
        Update(lane_key, set={"accepted": message.number}, when=When.all(free)),
        Put(_to_item(message), _ABSENT),
        Put(_waiting_item(Waiting(message.id, message.session, message.contact, message.lane, message.number, due_ms))),
        active_write(message.session, message.contact, message.created_ms),
    ]


def new_message_write(message: Message) -> Put:
    """The write of a message that never waits here: one that came in, or that left from the phone."""
    return Put(_to_item(message), _ABSENT)


def status_write(message: str, status: Status, now_ms: int, **more: Any) -> Update:
    """The write that moves a status forward; its condition fails where that would be a step back (P5)."""
    return Update(
        message_key(message),
        set={"status": status, f"time_{status}": now_ms, **more},
        when=When.all(Clause("a step forward", "status", "in", list(statuses_before(status)))),
    )


def step_write(message: str, before: Status, after: Status, times: dict[Status, int], **more: Any) -> Update:
    """The write that takes a step from exactly `before`: for events that are true of this one step only."""
    return Update(
        message_key(message),
        set={"status": after, **{f"time_{status}": time_ms for status, time_ms in times.items()}, **more},
        when=When.all(Clause("nobody moved it since", "status", "eq", before)),
    )


def content_write(message: Message, content: bytes, **more: Any) -> Update:
    """The write that changes what a message says, from exactly the revision that was read."""
    unchanged = When.all(Clause("nobody changed it since", "revision", "eq", message.revision))
    return Update(
        message_key(message.id),
        set={"content": content, "revision": message.revision + 1, **more},
        when=unchanged,
    )


def attempt_writes(message: Message, hex_id: str, now_ms: int) -> list[Write]:
    """The writes that record an attempt before the page gets the message (P2)."""
    return [
        Update(
            message_key(message.id),
            set={"status": "sending", "time_sending": now_ms},
            add={"attempts": 1},
            when=When.all(Clause("not settled", "status", "in", ["accepted", "sending"])),
        ),
        Put(_wa_item(message.session, f"out#{hex_id}", message.id)),
    ]


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


def out_reference(hex_id: str) -> str:
    return f"out#{hex_id}"


def in_reference(contact: str, hex_id: str) -> str:
    """Inbound ids are chosen by the sender, so they count only together with the contact who sent them."""
    return f"in#{contact}#{hex_id}"


def find_by_reference(table: Table, session: str, reference: str) -> str | None:
    item = table.get(Key(f"SES#{session}#WA", reference))
    return None if item is None else text(item, "message")


def reference_write(session: str, reference: str, message: str) -> Put:
    """The write that files a WhatsApp id once; its condition fails when it was filed before (R-RT-3)."""
    return Put(_wa_item(session, reference, message), _ABSENT)


def _wa_item(session: str, reference: str, message: str) -> Item:
    return {"pk": f"SES#{session}#WA", "sk": reference, "message": message}


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
    )


def _to_item(message: Message) -> Item:
    key = message_key(message.id)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "chat_pk": f"{message.session}#{message.contact}",
        "chat_sk": f"{message.created_ms:013d}#{message.number:012d}#{message.id}",
    }
    for name in _PLAIN:
        item[name] = getattr(message, name)
    for status, time_ms in message.times.items():
        item[f"time_{status}"] = time_ms
    return item


_PLAIN = (
    "id", "tenant", "session", "contact", "direction", "status", "created_ms", "content", "kind", "lane",
    "number", "source", "author", "reply_to", "reason", "attempts", "backfilled", "edited_ms", "revoked_ms", "revision",
)  # fmt: skip


def _from_item(item: Item) -> Message:
    return Message(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        session=text(item, "session"),
        contact=text(item, "contact"),
        direction=cast(Direction, text(item, "direction")),
        status=cast(Status, text(item, "status")),
        created_ms=number(item, "created_ms"),
        content=blob(item, "content"),
        kind=text(item, "kind"),
        lane=cast(Lane, text(item, "lane")),
        number=number(item, "number"),
        source=cast(Any, text(item, "source")),
        author=text_or_none(item, "author"),
        reply_to=text_or_none(item, "reply_to"),
        reason=text_or_none(item, "reason"),
        attempts=number(item, "attempts"),
        backfilled=bool(item.get("backfilled")),
        edited_ms=number(item, "edited_ms"),
        revoked_ms=number(item, "revoked_ms"),
        revision=number(item, "revision"),
        times={
            name.removeprefix("time_"): value
            for name, value in item.items()
            if name.startswith("time_") and isinstance(value, int)
        },
    )
