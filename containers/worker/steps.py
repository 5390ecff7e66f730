"""Steps of a message's status: each is recorded with the events that tell of it, once, whoever saw it first.

The sender sees a result, the page reports an acknowledgement, a look-up after a crash finds the message: they race, and
acknowledgements may skip one. So a step is taken from the status that was read, and read again when that was late.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.contact_count import ContactCount
from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.content_shown import parts_of
from waypost.domain.event import Draft
from waypost.domain.failures import Failure, told_of
from waypost.domain.ids import whatsapp_hex
from waypost.domain.message import REACHED, Message, Status, is_settled, may_become
from waypost.entities.message import get_message, step_write
from waypost.entities.schedule import settled_write
from waypost.services.journal import Entry
from waypost.services.media_told import media_told
from waypost.services.sending import CONTENT
from waypost.services.telling import status_told

type Watcher = Callable[[Message, Status, Failure | None], None]


class Steps:
    """Takes steps for one session, and lets the sender wait until a message is settled."""

    def __init__(
        self, app: App, recorder: Recorder, acks: Acknowledgements, *, watchers: Sequence[Watcher] = ()
    ) -> None:
        """`watchers` are told of each step: the message as it was before, its new status, why it failed."""
        self._app = app
        self._watchers = watchers
        self._recorder = recorder
        self._acks = acks
        self.contacts = ContactCount(app, recorder)
        self._waiters: dict[str, list[asyncio.Future[Status]]] = defaultdict(list)
        self._refused: set[str] = set()  # before anybody waited for them

    async def advance(
        self,
        message_id: str,
        status: Status,
        *,
        time_ms: int,
        reason: str | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Take the step, or do nothing when the message is there already or beyond."""
        while True:
            message = await patiently(get_message, self._app.table, message_id)
            if message is None or not may_become(message.status, status):
                self._acks.settled(message_id)
                return
            entry = await patiently(self._entry, message, status, time_ms, reason, failure)
            if await self._recorder.record(entry):
                for watcher in self._watchers:
                    watcher(message, status, failure)
                self._tell(message_id, status)
                if status in REACHED:
                    await self.contacts.note(message.tenant, message.session, message.contact)
                return

    async def wait_settled(self, message_id: str, seconds: float) -> bool:
        """Whether WhatsApp said what becomes of it within `seconds`."""
        if message_id in self._refused:
            self._refused.discard(message_id)
            return True
        future: asyncio.Future[Status] = asyncio.get_running_loop().create_future()
        self._waiters[message_id].append(future)
        try:
            async with asyncio.timeout(seconds):
                # The acknowledgement may have been recorded before we began to wait.
                message = await patiently(get_message, self._app.table, message_id)
                if message is not None and not is_settled(message.status):
                    self._acks.awaited(message_id)
                    await future
        except TimeoutError:
            return False
        finally:
            self._forget(message_id, future)
        return True

    def refused(self, message_id: str) -> None:
        """WhatsApp refused it: whoever waits for it decides what that means."""
        if message_id not in self._waiters:
            self._refused.add(message_id)
        self._wake(message_id, "failed")

    def _tell(self, message_id: str, status: Status) -> None:
        if is_settled(status):
            self._refused.discard(message_id)
            self._wake(message_id, status)

    def _wake(self, message_id: str, status: Status) -> None:
        self._acks.settled(message_id)
        for future in self._waiters.get(message_id, []):
            if not future.done():
                future.set_result(status)

    def _forget(self, message_id: str, future: asyncio.Future[Status]) -> None:
        waiters = self._waiters[message_id]
        waiters.remove(future)
        if not waiters:
            del self._waiters[message_id]

    def _entry(
        self, message: Message, status: Status, time_ms: int, reason: str | None, failure: Failure | None
    ) -> Entry:
        newly_sent = status in REACHED and message.status in ("accepted", "sending", "uncertain")
        told = {} if failure is None else told_of(failure)
        times: dict[Status, int] = {status: time_ms}
        drafts: list[Draft] = []
        if newly_sent:
            times["sent"] = time_ms
            drafts.append(self._sent(message, time_ms))
        if status != "sent":
            more = {"failure": told} if told else {}
            previous: Status = "sent" if newly_sent else message.status
            drafts.append(
                status_told(
                    message, status, time_ms, contacts=self._app.contacts, previous=previous, reason=reason, **more
                )
            )
        step = step_write(
            message.id, message.status, status, times, reason=reason, **({"failure": told} if told else {})
        )
        if is_settled(status) and not is_settled(message.status):
            return Entry(tuple(drafts), (step, settled_write(message)))
        return Entry(tuple(drafts), (step,))

    def _file_of(self, message: Message, content: dict[str, Any]) -> dict[str, Any]:
        told = media_told(content, tenant=message.tenant, table=self._app.table, seals=self._app.seals)
        return {} if told is None else {"media": told}

    def _sent(self, message: Message, time_ms: int) -> Draft:
        app = self._app
        content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
        data = {
            "message_id": message.id,
            "chat": app.contacts.view(message.tenant, message.contact),
            "status": "sent",
            "type": message.kind,
            "text": content.get("text"),
            **parts_of(message.kind, content),
            **self._file_of(message, content),
            "reply_to": message.reply_to,
            "whatsapp_id": whatsapp_hex(message.id),
            "source": message.source,
        }
        return Draft("message_sent", time_ms, data, contact=message.contact, message=message.id)
