"""A session's chats as an inbox shows them: the latest first, with the last message and how much is unread.

From the table, not from the page: it costs one read a chat, answers also while the session is stopped, and knows our
ids. What the phone had before it was linked is not in it.
"""

from dataclasses import dataclass

from waypost.domain.message import Message
from waypost.entities.chat import Chat, list_chats
from waypost.entities.message import list_messages
from waypost.ports import Table

MOST_UNREAD = 50  # counted; more is shown as this many


@dataclass(frozen=True, slots=True)
class Overview:
    contact: str
    active_ms: int
    unread: int
    last: Message | None


def list_overviews(table: Table, session: str, *, limit: int, cursor: str | None) -> tuple[list[Overview], str | None]:
    chats, following = list_chats(table, session, limit=limit, cursor=cursor)
    return [_overview(table, session, chat) for chat in chats], following


def _overview(table: Table, session: str, chat: Chat) -> Overview:
    newest, _ = list_messages(table, session, chat.contact, limit=MOST_UNREAD, cursor=None, newest_first=True)
    return Overview(chat.contact, chat.active_ms, _unread(newest, chat.read_ms), newest[0] if newest else None)


def _unread(newest: list[Message], read_ms: int) -> int:
    """What came in since the chat was read, or answered: whoever writes in a chat has read it.

    By when it was filed, which is our clock as `read_ms` is; a message's own time is WhatsApp's, in whole seconds.
    """
    count = 0
    for message in newest:
        if message.direction == "out" or message.times.get("received", message.created_ms) <= read_ms:
            break
        count += 1
    return count
