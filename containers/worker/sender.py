"""Sending: once (P2), and in the order of acceptance within a chat and lane (P3).

A queue message is a hint that a chat has something due; the table says what, and what comes first. A chat's messages go
one after the other, each when the one before is settled; chats go side by side, so a stuck one holds nobody up.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from containers.worker.in_hand import InHand
from containers.worker.page import Page
from containers.worker.patience import patiently
from containers.worker.permission import Permission
from containers.worker.reach import Reach
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.domain.ids import whatsapp_hex
from waypost.domain.message import Lane, Message, Status, is_settled, status_of_ack
from waypost.domain.retry import RETRIES, is_retryable, retry_delay
from waypost.entities.head import head_key
from waypost.entities.message import attempt_writes, get_message
from waypost.entities.schedule import Waiting, leave_schedule, waiting_in_chat
from waypost.errors import BusinessRuleError, ConditionFailed, Fenced, NetworkError, WaypostError, WhatsAppError
from waypost.ports import Check, Clause, When
from waypost.services.holds import Hold, held_by
from waypost.services.sending import CONTENT

ACK_SECONDS = 30.0


class Sender:
    """Sends the messages of one session under one epoch."""

    def __init__(
        self,
        app: App,
        session_id: str,
        epoch: int,
        *,
        steps: Steps,
        ready_page: Callable[[], Awaitable[Page]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        """`ready_page` waits until the session works, and gives its page. After `ack_seconds` without an
        acknowledgement the page is asked how the message fares."""
        self._app = app
        self._session = session_id
        self._epoch = epoch
        self._steps = steps
        self._ready_page = ready_page
        self._sleep = sleep
        self._ack_seconds = ack_seconds
        self._reach = Reach(app)
        self.in_hand = InHand()
        self._permission = Permission(app)
        self._chats: dict[tuple[str, Lane], asyncio.Lock] = {}

    async def send_due(self, contact: str, lane: Lane, *, up_to: int) -> None:
        """Send what is due in a chat and lane, in order, as far as number `up_to`."""
        lock = self._chats.setdefault((contact, lane), asyncio.Lock())
        async with lock:
            while True:
                waiting = await patiently(
                    waiting_in_chat, self._app.table, self._session, contact, lane,
                    up_to=up_to, due_by_ms=self._app.now_ms(),
                )  # fmt: skip
                if not waiting:
                    return
                for place in waiting:
                    if not await self._send(place):
                        return  # it is held, and what comes behind it waits with it (P3)

    async def _send(self, place: Waiting) -> bool:
        """Bring one message to a settled state, through crashes of the page and missing acknowledgements; or leave it
        where it is, which is False."""
        message_id, failures = place.message, 0
        while True:
            page = await self._ready_page()
            message = await patiently(get_message, self._app.table, message_id)
            if message is None or is_settled(message.status):
                await patiently(leave_schedule, self._app.table, place)
                return True
            held = (
                await patiently(held_by, message, self._app.table, self._app.now_ms())
                if message.status == "accepted"
                else None
            )
            if held is not None and await self._is_over(message, held):
                continue
            if held is not None:
                return False
            try:
                async with self.in_hand:
                    if message.status != "sending" or not await self._already_handed_over(page, message):
                        await self._hand_over(page, message)
                    await self._steps.wait_settled(message_id, self._ack_seconds)
            except NetworkError:
                # The page went away or did not answer: nothing is known, so the look-up above decides.
                await self._sleep(random.uniform(0.1, 0.5))  # noqa: S311  # jitter, not a secret
            except BusinessRuleError as error:
                await self._fail(message_id, error)
                return True
            except WhatsAppError as error:
                failures += 1
                if failures > RETRIES or not is_retryable(error.code):
                    await self._fail(message_id, error)
                    return True
                await self._sleep(retry_delay(failures, random.random()))  # noqa: S311  # jitter, not a secret

    async def _is_over(self, message: Message, held: Hold) -> bool:
        """Whether it is held for ever, which ends it."""
        if held == "paused":
            return False
        status: Status = "expired" if held == "expires_at" else "cancelled"
        await self._steps.advance(message.id, status, time_ms=self._app.now_ms(), reason=held)
        return True

    async def _already_handed_over(self, page: Page, message: Message) -> bool:
        """After a crash: whether the page knows the message, under either form of its chat (P2)."""
        chats = await patiently(self._app.contacts.addresses, message.tenant, message.contact)
        found = await page.find_message(whatsapp_hex(message.id), chats)
        status = None if found is None else status_of_ack(found.ack)
        if found is None or status == "failed":
            return False
        if status is not None:
            await self._steps.advance(message.id, status, time_ms=self._app.now_ms())
        return True

    async def _hand_over(self, page: Page, message: Message) -> None:
        chats = await patiently(self._app.contacts.addresses, message.tenant, message.contact)
        await self._reach.check(page, message, chats[0])
        content, quoted = await patiently(self._record_attempt, message, chats)
        result = await page.send_text(
            chats[0], content["text"], whatsapp_hex(message.id), quoted, mentions=content.get("mentions", ())
        )
        if result.ack < 0:
            raise WhatsAppError("WhatsApp did not take the message.", code=result.error or "send_failed")
        status = status_of_ack(result.ack)
        if status is not None:
            await self._steps.advance(message.id, status, time_ms=self._app.now_ms())

    def _record_attempt(self, message: Message, chats: list[str]) -> tuple[dict[str, Any], str | None]:
        """Record the attempt before the page gets the message (P2), under our epoch (P4) and as long as the
        person may be written to (P7), and open what to send."""
        app = self._app
        allowed = self._permission.ask(message, chats)
        owner = When.all(Clause("still the owner", "epoch", "eq", self._epoch))
        try:
            app.table.transact(
                [
                    Check(head_key(self._session), owner),
                    *allowed,
                    *attempt_writes(message, whatsapp_hex(message.id), app.now_ms()),
                ]
            )
        except ConditionFailed as failure:
            if 0 in failure.failed:
                raise Fenced("Another worker owns this session now.") from None
            raise NetworkError("The message changed meanwhile; look again.") from None
        content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
        return content, self._quoted_key(message)

    def _quoted_key(self, message: Message) -> str | None:
        """WhatsApp's key of the message that this one answers, as the page named it."""
        quoted = None if message.reply_to is None else get_message(self._app.table, message.reply_to)
        if quoted is None:
            return None
        content = self._app.seals.open_json(quoted.tenant, quoted.contact, f"{CONTENT}#{quoted.id}", quoted.content)
        if quoted.source != "api":
            return str(content["key"])
        return f"true_{self._app.contacts.addresses(quoted.tenant, quoted.contact)[0]}_{whatsapp_hex(quoted.id)}"

    async def _fail(self, message_id: str, error: WaypostError) -> None:
        await self._steps.advance(message_id, "failed", time_ms=self._app.now_ms(), reason=error.code)
