"""A contact as one session knows it: when something was last written, and until when it was read.

pk SES#{session}#CHATS   sk {contact}   in index by_owner as `{session}#chats` by time, once there is a message

What is unread and which message is the last is counted from the messages, so that nothing here can contradict them.
"""

from dataclasses import dataclass

from waypost.entities.record import number, text
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Table, Update, When


@dataclass(frozen=True, slots=True)
class Chat:
    """Times are unix milliseconds; 0: never. `inbound_ms` is when the other side last wrote, in a chat of two."""

    contact: str
    active_ms: int = 0
    read_ms: int = 0
    inbound_ms: int = 0


def active_write(session: str, contact: str, now_ms: int) -> Update:
    """The write that notes that something was written in a chat."""
    return Update(
        _key(session, contact),
        set={
            "contact": contact,
            "active_ms": now_ms,
            "owner_pk": f"{session}#chats",
            "owner_sk": f"{now_ms:013d}#{contact}",
        },
    )


def note_inbound(table: Table, session: str, contact: str, written_ms: int) -> None:
    """The other side wrote at that time. One that comes late changes nothing."""
    later = When.all(Clause("nothing newer is known", "inbound_ms", "lt", written_ms))
    first = Clause("nothing is known", "inbound_ms", "absent")
    try:
        table.update(
            Update(_key(session, contact), set={"contact": contact, "inbound_ms": written_ms}, when=later.or_all(first))
        )
    except ConditionFailed:
        return


def get_chat(table: Table, session: str, contact: str) -> Chat:
    """With a contact that the session has had nothing to do with, all is 0."""
    item = table.get(_key(session, contact))
    return Chat(contact) if item is None else _from_item(item)


def note_read(table: Table, session: str, contact: str, now_ms: int) -> None:
    table.update(Update(_key(session, contact), set={"contact": contact, "read_ms": now_ms}))


def note_contact(table: Table, session: str, contact: str) -> None:
    """The session knows a contact, though nobody may have written yet."""
    table.update(Update(_key(session, contact), set={"contact": contact}))


def list_chats(table: Table, session: str, *, limit: int, cursor: str | None) -> tuple[list[Chat], str | None]:
    """Those with messages, the latest first."""
    page = table.query(f"{session}#chats", index="by_owner", limit=limit, cursor=cursor, descending=True)
    return [_from_item(item) for item in page.items], page.cursor


def list_contacts(table: Table, session: str, *, limit: int, cursor: str | None) -> tuple[list[Chat], str | None]:
    """All that the session knows, in the order of their ids."""
    page = table.query(_pk(session), limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def _pk(session: str) -> str:
    return f"SES#{session}#CHATS"


def _key(session: str, contact: str) -> Key:
    return Key(_pk(session), contact)


def _from_item(item: Item) -> Chat:
    return Chat(text(item, "contact"), number(item, "active_ms"), number(item, "read_ms"), number(item, "inbound_ms"))
