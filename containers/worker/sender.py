"""Sending: once (P2), and in the order of acceptance within a chat and lane (P3).

A queue message is a hint that a chat has something due; the table says what, and what comes first. A chat's messages go
one after the other, each when the one before is settled; chats go side by side, so a stuck one holds nobody up. Each
hand-over passes the session's gate (`delivery.py`); what has to wait for long is put back into the schedule.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from containers.worker.delivery import Delivery
from containers.worker.gate import Gate, Held
from containers.worker.in_hand import InHand
from containers.worker.page import Page
from containers.worker.patience import patiently
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.domain.expiry import EXPIRES_AT, expires_at, is_too_late, reason_of
from waypost.domain.failures import failure_of
from waypost.domain.ids import whatsapp_hex
from waypost.domain.message import Lane, Message, Status, is_settled, status_of_ack
from waypost.domain.retry import RETRIES, retry_delay
from waypost.domain.turns import Hold
from waypost.entities.message import get_message
from waypost.entities.schedule import MEDIA, Waiting, leave_schedule, put_off, waiting_in_chat
from waypost.errors import BusinessRuleError, MediaRefused, NetworkError, SessionNotLinked, WaypostError, WhatsAppError
from waypost.services.holds import held_by

ACK_SECONDS = 30.0
_ORDER_MS = 900_000  # who waits behind somebody looks again so often: that one may be cancelled meanwhile


class Sender:
    """Sends the messages of one session under one epoch."""

    def __init__(
        self,
        app: App,
        session_id: str,
        epoch: int,
        *,
        steps: Steps,
        gate: Gate,
        ready_page: Callable[[], Awaitable[Page]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        """`ready_page` waits until the session works, and gives its page. After `ack_seconds` without an
        acknowledgement the page is asked how the message fares."""
        self.gate = gate
        self.in_hand = InHand()
        self._app = app
        self._session = session_id
        self._steps = steps
        self._delivery = Delivery(app, session_id, epoch, steps=steps, gate=gate)
        self._ready_page = ready_page
        self._sleep = sleep
        self._ack_seconds = ack_seconds
        self._chats: dict[tuple[str, Lane], asyncio.Lock] = {}

    async def send_due(self, contact: str, lane: Lane, *, up_to: int) -> None:
        """Send what is due in a chat and lane, in order, as far as number `up_to`. What has to wait for long goes back
        into the schedule, and what comes behind it waits with it (P3)."""
        lock = self._chats.setdefault((contact, lane), asyncio.Lock())
        async with lock:
            while True:
                waiting = await patiently(
                    waiting_in_chat, self._app.table, self._session, contact, lane,
                    up_to=up_to, due_by_ms=self._app.now_ms(),
                )  # fmt: skip
                if not waiting:
                    return
                for at, place in enumerate(waiting):
                    try:
                        if not await self._send(place):
                            return
                    except Held as held:
                        await self._set_aside(waiting[at:], held.hold)
                        if held.hold.reason == MEDIA:
                            await self._delivery.waits_for_file(place.message)
                        return

    async def _send(self, place: Waiting) -> bool:
        """Bring one message to a settled state, through crashes of the page and missing acknowledgements; or leave it
        where it is, which is False. Raises Held when it has to wait for a time that is known."""
        message_id, failures, look_first = place.message, 0, True
        while True:
            page = await self._ready_page()
            message = await patiently(get_message, self._app.table, message_id)
            if message is None or is_settled(message.status):
                await patiently(leave_schedule, self._app.table, place)
                return True
            if await self._has_expired(message, place):
                continue
            held = await patiently(held_by, message, self._app.table, self._app.now_ms())
            if held == "paused":
                return False
            if held is not None:  # for ever, which ends it
                status: Status = "expired" if held == EXPIRES_AT else "cancelled"
                await self._steps.advance(message.id, status, time_ms=self._app.now_ms(), reason=held)
                continue
            if place.due_ms > self._app.now_ms() and place.waits_for != "order":
                raise Held(Hold(place.due_ms, place.waits_for))
            try:
                await self._try(page, message, place, look_first=look_first)
                look_first = True
            except (NetworkError, SessionNotLinked):
                # The page went away, did not answer, or its account was unlinked this moment: nothing is known, so the
                # look at the page that is ready next decides.
                look_first = True
                await self._sleep(random.uniform(0.1, 0.5))  # noqa: S311  # jitter, not a secret
            except (BusinessRuleError, MediaRefused) as error:
                await self._fail(message_id, error)
                return True
            except WhatsAppError as error:
                look_first = False  # WhatsApp said what it knows of it
                failures += 1
                if failures > RETRIES or failure_of(error).next == "give_up":
                    await self._fail(message_id, error)
                    return True
                await self._sleep(retry_delay(failures, random.random()))  # noqa: S311  # jitter, not a secret

    async def _try(self, page: Page, message: Message, place: Waiting, *, look_first: bool) -> None:
        """Hand it over, unless WhatsApp has it, and wait for what becomes of it."""
        async with AsyncExitStack() as begun:
            if message.status == "sending" and look_first:
                await begun.enter_async_context(self.in_hand)
                if await self._already_handed_over(page, message, place):
                    await self._steps.wait_settled(message.id, self._ack_seconds)
                    return
                await begun.aclose()
            await self._delivery.deliver(
                page,
                message,
                begin=lambda: begun.enter_async_context(self.in_hand),
                promised=place.waits_for == "first_contact",
            )
            await self._steps.wait_settled(message.id, self._ack_seconds)

    async def _set_aside(self, places: list[Waiting], hold: Hold) -> None:
        """What waits for long waits in the table; its hint may go. A lane that is held as a whole is not fed."""
        if hold.whole_lane:
            return
        now_ms, (first, *others) = self._app.now_ms(), places
        due_ms = first.due_ms
        if due_ms <= now_ms:
            self.gate.allowance.set_aside(hold)
            due_ms = now_ms + max(hold.until_ms - self.gate.allowance.now_ms(), 0)
            await self._put_off(first, due_ms, hold.reason)
        look_again_ms = min(due_ms, now_ms + _ORDER_MS)
        for place in others:
            if place.due_ms < look_again_ms:
                await self._put_off(place, look_again_ms, "order")

    async def _put_off(self, place: Waiting, due_ms: int, reason: str) -> None:
        """Not beyond its end, at which it is looked at to expire."""
        message = await patiently(get_message, self._app.table, place.message)
        ends_ms = 0 if message is None else expires_at(message, self._app.settings.care.longest_wait_ms)
        await patiently(put_off, self._app.table, place, min(due_ms, ends_ms or due_ms), reason)

    async def _has_expired(self, message: Message, place: Waiting) -> bool:
        """Whether its time is over, and WhatsApp does not have it; which ends it."""
        refused = place.waits_for == "restricted"  # the last that WhatsApp said of it
        longest_ms = self._app.settings.care.longest_wait_ms
        now_ms = self._app.now_ms()
        if not (message.status == "accepted" or refused) or not is_too_late(message, longest_ms, now_ms):
            return False
        await self._steps.advance(message.id, "expired", time_ms=now_ms, reason=reason_of(place.waits_for))
        return True

    async def _already_handed_over(self, page: Page, message: Message, place: Waiting) -> bool:
        """After a crash: whether the page knows the message, under either form of its chat (P2). Raises what
        `raise_if_refused` does when WhatsApp refused it."""
        chats = await patiently(self._app.contacts.addresses, message.tenant, message.contact)
        found = await page.find_message(whatsapp_hex(message.id), chats)
        if found is None:
            return False
        status = status_of_ack(found.ack)
        if status == "failed" and place.waits_for == "restricted":
            return False  # that is why it waited, and now its time has come
        self._delivery.raise_if_refused(found)
        if status is not None:
            await self._steps.advance(message.id, status, time_ms=self._app.now_ms())
        return True

    async def _fail(self, message_id: str, error: WaypostError) -> None:
        failure = failure_of(error)
        await self._steps.advance(
            message_id, "failed", time_ms=self._app.now_ms(), reason=failure.code, failure=failure
        )
