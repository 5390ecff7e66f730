"""How a session stands with somebody: whether they ever answered, when last, and what of theirs is unread."""

from dataclasses import dataclass

from containers.worker.page import Page
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.message import Message
from waypost.entities.chat import get_chat, note_inbound
from waypost.entities.message import list_messages
from waypost.services.sending import CONTENT

_UNREAD = 5  # messages that are read before an answer; who wrote more is skimmed
_LOOK_BACK = 50  # messages of a chat in which the page is searched for an answer from before the link


@dataclass(frozen=True, slots=True)
class Standing:
    """`inbound_ms` is when they last wrote, 0 never; a group counts as having answered. `unread_characters` is None
    when nothing is unread."""

    inbound_ms: int
    is_group: bool = False
    unread_characters: int | None = None

    @property
    def is_first(self) -> bool:
        return not self.is_group and not self.inbound_ms


KNOWN = Standing(1)  # where nothing depends on it


class Talks:
    """Of one session."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._silent: set[str] = set()  # the page knows no answer of theirs from before the link

    async def standing(self, page: Page, message: Message, chats: list[str]) -> Standing:
        """`chats` are the forms of the chat's id. Asks the page once about a chat in which nobody answered."""
        if parse_address(chats[0]).kind == "group":
            return Standing(0, is_group=True)
        standing = await patiently(self._from_table, message)
        if not standing.is_first or message.contact in self._silent:
            return standing
        inbound_ms = await _answered_before(page, chats)
        if not inbound_ms:
            self._silent.add(message.contact)
            return standing
        # From now on the table knows it: who wrote before the link is no stranger.
        await patiently(note_inbound, self._app.table, message.session, message.contact, inbound_ms)
        return Standing(inbound_ms, unread_characters=standing.unread_characters)

    def _from_table(self, message: Message) -> Standing:
        chat = get_chat(self._app.table, message.session, message.contact)
        if not chat.inbound_ms:
            return Standing(0)
        return Standing(chat.inbound_ms, unread_characters=self._unread(message, chat.read_ms))

    def _unread(self, message: Message, read_ms: int) -> int | None:
        found, _ = list_messages(
            self._app.table, message.session, message.contact, limit=_UNREAD, cursor=None, newest_first=True
        )
        unread = [one for one in found if one.status == "received" and one.created_ms > read_ms]
        return sum(self._length(one) for one in unread) if unread else None

    def _length(self, message: Message) -> int:
        content = self._app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
        return len(content.get("text") or "")


async def _answered_before(page: Page, chats: list[str]) -> int:
    """When they last wrote as far as the page holds the chat: an account has a past that we were not there for."""
    recent = await page.recent_messages(_LOOK_BACK, chats)
    return max((one.t or 1 for one in recent if not one.key.from_me), default=0) * 1000
