"""A message, and the names that WhatsApp knows it by. Its place in the schedule: `schedule.py`.

pk MSG#{message}             sk -                    the message; in index by_chat as `{session}#{contact}`, and in
                                                     by_owner as `{run}#messages` by row, when it is of a bulk run
pk SES#{session}#WA          sk {out|in#contact}#{hex}   WhatsApp's id → message
"""

from typing import Any, cast

from waypost.domain.message import Direction, Lane, Message, Status
from waypost.entities.chat import active_write
from waypost.entities.record import blob, mapping, number, text, text_or_none
from waypost.entities.schedule import place_writes
from waypost.ports import Clause, Item, Key, Put, Table, Update, When, Write

_ABSENT = When.all(Clause("is new", "pk", "absent"))


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


def list_of_run(
    table: Table, run: str, *, first: int = 0, last: int = 10**8 - 1, limit: int = 1000, cursor: str | None = None
) -> tuple[list[Message], str | None]:
    """The messages that a bulk run made of its rows from `first` to `last`. From an index: it may lag."""
    between = (f"{first:08d}", f"{last:08d}")
    page = table.query(f"{run}#messages", index="by_owner", between=between, limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def accept_writes(message: Message, *, due_ms: int, waits_for: str = "") -> list[Write]:
    """The writes of an acceptance: the message takes its place in the schedule and is stored, its chat was active.

    A condition fails when another message took the number meanwhile, or the message is there already.
    """
    active = active_write(message.session, message.contact, message.created_ms)
    return [*place_writes(message, due_ms=due_ms, waits_for=waits_for), Put(_to_item(message), _ABSENT), active]


def new_message_write(message: Message) -> Put:
    """The write of a message that never waits here: one that came in, or that left from the phone."""
    return Put(_to_item(message), _ABSENT)


def moved_write(message: str, now_ms: int, *, to: str) -> Update:
    """The write that cancels a message because another one stands in for it, in its bulk run too."""
    return Update(
        message_key(message),
        set={"status": "cancelled", "time_cancelled": now_ms, "reason": "moved", "moved_to": to},
        remove=("owner_pk", "owner_sk"),
        when=When.all(Clause("nobody has it", "status", "eq", "accepted")),
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


def attempt_writes(message: Message, hex_id: str, now_ms: int, **more: Any) -> list[Write]:
    """The writes that record an attempt before the page gets the message (P2); `more` is what was learnt of it."""
    return [
        Update(
            message_key(message.id),
            set={"status": "sending", "time_sending": now_ms, **more},
            add={"attempts": 1},
            when=When.all(Clause("not settled", "status", "in", ["accepted", "sending"])),
        ),
        Put(_wa_item(message.session, f"out#{hex_id}", message.id)),
    ]


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
    if message.bulk is not None:
        item["owner_pk"], item["owner_sk"] = f"{message.bulk}#messages", f"{message.bulk_row:08d}"
    for status, time_ms in message.times.items():
        item[f"time_{status}"] = time_ms
    return item


_PLAIN = (
    "id", "tenant", "session", "contact", "direction", "status", "created_ms", "content", "kind", "lane",
    "number", "source", "author", "reply_to", "reason", "attempts", "backfilled", "edited_ms", "revoked_ms", "revision",
    "send_at_ms", "expires_ms", "purpose", "template", "bulk", "bulk_row", "moved_from", "pool",
    "failure",
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
        failure=mapping(item, "failure"),
        attempts=number(item, "attempts"),
        backfilled=bool(item.get("backfilled")),
        edited_ms=number(item, "edited_ms"),
        revoked_ms=number(item, "revoked_ms"),
        revision=number(item, "revision"),
        send_at_ms=number(item, "send_at_ms"),
        expires_ms=number(item, "expires_ms"),
        purpose=text_or_none(item, "purpose"),
        template=text_or_none(item, "template"),
        bulk=text_or_none(item, "bulk"),
        bulk_row=number(item, "bulk_row"),
        moved_from=text_or_none(item, "moved_from"),
        pool=text_or_none(item, "pool"),
        times={
            name.removeprefix("time_"): value
            for name, value in item.items()
            if name.startswith("time_") and isinstance(value, int)
        },
    )
