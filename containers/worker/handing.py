"""What a message gives to the page, by its kind: a text, a file, a place, cards, a poll."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from containers.worker import page_sending
from containers.worker.gate import Held
from containers.worker.outgoing_files import plain_file
from containers.worker.page import Page, SendResult
from containers.worker.page_sending import Outgoing
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.contents import check_sent_as, has_media
from waypost.domain.ids import whatsapp_hex
from waypost.domain.media import Prepared
from waypost.domain.media_refusals import refusal
from waypost.domain.message import Message
from waypost.domain.turns import Hold
from waypost.entities.media import Media, get_media, is_settled
from waypost.entities.media_wait import put_wait
from waypost.entities.message import get_message
from waypost.entities.schedule import MEDIA
from waypost.errors import NotFound, Tampered
from waypost.services.media import READY, prepared_of
from waypost.services.media_choice import is_gone, with_name
from waypost.services.media_told import facts_of
from waypost.services.media_waking import LOOK_AGAIN_MS
from waypost.services.sending import CONTENT, wake


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that can go now: `kind` is what it goes as. `media` and `prepared` are those of its file, if any."""

    kind: str
    content: Mapping[str, Any]
    media: Media | None = None
    prepared: Prepared | None = None

    @property
    def learnt(self) -> dict[str, Any]:
        """What of its file is kept with the message, which outlives the file."""
        return {} if self.prepared is None else {"file": facts_of(self.prepared)}


class Handing:
    """Of one session. `now_ms` is the clock of its holds."""

    def __init__(self, app: App, session_id: str) -> None:
        self._app = app
        self._session = session_id

    def ready(self, message: Message, content: Mapping[str, Any], now_ms: int) -> Ready:
        """Whether all is here that it needs. Raises Held while its file is not settled, MediaRefused when it will not
        be sent. Called in a thread."""
        if not has_media(message.kind):
            return Ready(message.kind, content)
        media = get_media(self._app.table, str(content["media"]))
        if media is None or media.tenant != message.tenant or is_gone(media, self._app.now_ms()):
            raise refusal("media_expired")
        if not is_settled(media):
            raise Held(Hold(now_ms + LOOK_AGAIN_MS, MEDIA))
        prepared = prepared_of(media, self._app.seals)
        named = with_name(content, media, self._app.seals)
        return Ready(check_sent_as(content, prepared.kind), named, media, prepared)

    def waits(self, message_id: str) -> None:
        """A message was put off because of its file: have it woken; at once when that is settled by now. Called in a
        thread."""
        app = self._app
        message = get_message(app.table, message_id)
        if message is None or message.status not in ("accepted", "sending"):
            return
        content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
        put_wait(app.table, content["media"], message.id, app.now_ms())
        media = get_media(app.table, content["media"])
        if media is None or is_settled(media):
            wake(message, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())

    async def give(self, page: Page, message: Message, ready: Ready) -> None:
        """Bring its file into the page, which keeps it for the hand-over. The plain bytes are gone from the disk
        afterwards. Raises MediaRefused when what is stored is not the file, and what the page raises."""
        media, prepared = ready.media, ready.prepared
        if media is None or prepared is None:
            return
        with ExitStack() as stack:
            path = await patiently(self._opened, media, stack)
            name = str(ready.content.get("filename") or "") if ready.kind == "document" else ""
            await page_sending.give_file(
                page, path, whatsapp_hex(message.id), name=name or f"{ready.kind}{prepared.extension}",
                mime=prepared.mime,
            )  # fmt: skip

    async def hand_over(self, page: Page, message: Message, ready: Ready, chat: str, quoted: str | None) -> SendResult:
        content, hex_id = ready.content, whatsapp_hex(message.id)
        mentions = content.get("mentions", ())
        if ready.kind == "text":
            return await page.send_text(chat, content["text"], hex_id, quoted, mentions=mentions)
        outgoing = Outgoing(chat, hex_id, quoted, tuple(mentions))
        if ready.prepared is not None:
            edge = max(ready.prepared.width or 0, ready.prepared.height or 0)
            return await page_sending.send_file(
                page, outgoing, ready.kind, caption=content.get("text") or None,
                view_once=bool(content.get("view_once")), edge=edge,
            )  # fmt: skip
        return await page_sending.send_parts(page, outgoing, ready.kind, content)

    def _opened(self, media: Media, stack: ExitStack) -> Any:
        app = self._app
        try:
            pieces = app.files.read(media, READY)
            return stack.enter_context(plain_file(app.settings.home, self._session, pieces))
        except NotFound:
            raise refusal("media_expired") from None
        except Tampered:
            raise refusal("media_unreadable") from None
