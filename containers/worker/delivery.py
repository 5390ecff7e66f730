"""Handing one message over to WhatsApp: through the gate, at a person's pace, recorded before the page gets it (P2)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from containers.worker import page_calls
from containers.worker.allowance import Wish
from containers.worker.gate import Gate, Held
from containers.worker.handing import Handing, Ready
from containers.worker.page import Page, SendResult
from containers.worker.patience import patiently
from containers.worker.permission import Permission
from containers.worker.reach import Reach
from containers.worker.steps import Steps
from containers.worker.talks import KNOWN, Standing, Talks
from waypost.bootstrap import App
from waypost.domain.contents import has_media
from waypost.domain.failures import NEW_CHATS_RESTRICTED
from waypost.domain.ids import whatsapp_hex
from waypost.domain.message import Message, status_of_ack
from waypost.domain.pacing import Plan, plan_for
from waypost.domain.turns import is_long
from waypost.entities.chat import note_read
from waypost.entities.head import head_key
from waypost.entities.message import attempt_writes, get_message
from waypost.entities.send_log import Kind, done_write
from waypost.errors import ConditionFailed, Fenced, NetworkError, WaypostError, WhatsAppError
from waypost.ports import Check, Clause, When
from waypost.services.holds import held_by
from waypost.services.sending import CONTENT


class Delivery:
    """Of one session under one epoch."""

    def __init__(self, app: App, session_id: str, epoch: int, *, steps: Steps, gate: Gate) -> None:
        self._app = app
        self._session = session_id
        self._epoch = epoch
        self._steps = steps
        self._gate = gate
        self._reach = Reach(app, session_id, gate.allowance)
        self._talks = Talks(app)
        self._permission = Permission(app)
        self._handing = Handing(app, session_id)

    async def deliver(
        self, page: Page, message: Message, *, begin: Callable[[], Awaitable[None]], promised: bool = False
    ) -> None:
        """`begin` is awaited when its turn has come. `promised`: it waited for its place in the first-contact budget,
        and its time came.

        Raises Held when it has to wait for long, WhatsAppError when WhatsApp refuses it, NetworkError when nobody
        knows, BusinessRuleError when the person may not be written to, MediaRefused when its file is not sent."""
        chats = await patiently(self._app.contacts.addresses, message.tenant, message.contact)
        content = await patiently(self._open, message)
        ready = await patiently(self._handing.ready, message, content, self._gate.allowance.now_ms())
        standing = KNOWN
        if self._gate.allowance.needs_standing:
            standing = await self._talks.standing(page, message, chats)
        wish = self._wish(message, standing, len(content.get("text") or ""), promised)
        self._leave_if_held(wish)  # nobody is asked about a number whose message waits anyway
        await self._reach.check(page, message, chats[0])
        await self._gate.pass_through(
            wish,
            pace=lambda: self._pace(page, message, chats[0], wish.plan),
            deliver=lambda at_ms: self._hand_over(page, message, chats, ready, wish, at_ms, begin),
        )

    def _wish(self, message: Message, standing: Standing, characters: int, promised: bool) -> Wish:
        pacing = self._app.settings.care.pacing
        interactive = message.lane == "interactive"
        return Wish(
            lane=message.lane,
            media=has_media(message.kind),
            first=standing.is_first,
            awake=interactive and standing.inbound_ms > self._gate.allowance.now_ms() - pacing.reply_ms,
            promised=promised,
            # A bulk run does not read what people wrote: somebody else is to answer it.
            plan=plan_for(
                pacing,
                message.id,
                unread_characters=standing.unread_characters if interactive else None,
                characters=characters,
            ),
        )

    def _leave_if_held(self, wish: Wish) -> None:
        hold = self._gate.allowance.verdict(wish)
        if hold is not None and is_long(hold, self._gate.allowance.now_ms()):
            raise Held(hold)

    async def _pace(self, page: Page, message: Message, chat_id: str, plan: Plan) -> None:
        """What a person does first. That it did not work is no reason not to send."""
        typing = False
        try:
            if plan.seen:
                await page_calls.mark_read(page, chat_id)
                await patiently(note_read, self._app.table, self._session, message.contact, self._app.now_ms())
            await asyncio.sleep(plan.read_ms / 1000)
            if plan.type_ms:
                typing = True
                doing: page_calls.Typing = "recording" if message.kind == "voice" else "composing"
                await page_calls.typing(page, chat_id, doing, 2 * plan.type_ms / 1000)
                await asyncio.sleep(plan.type_ms / 1000)
        except (WhatsAppError, NetworkError):
            return
        except asyncio.CancelledError:
            if typing:  # somebody goes first
                await _stop_typing(page, chat_id)
            raise

    async def _hand_over(
        self,
        page: Page,
        message: Message,
        chats: list[str],
        ready: Ready,
        wish: Wish,
        at_ms: int,
        begin: Callable[[], Awaitable[None]],
    ) -> None:
        await begin()
        if ready.media is not None:
            await self._handing.give(page, message, ready)
            at_ms = self._gate.allowance.now_ms()  # it took its time, and nothing has left yet
        quoted = await patiently(self._record_attempt, message, chats, ready, wish, at_ms)
        result = await self._handing.hand_over(page, message, ready, chats[0], quoted)
        self.raise_if_refused(result)
        status = status_of_ack(result.ack)
        if status is not None:
            await self._steps.advance(message.id, status, time_ms=self._app.now_ms())

    async def waits_for_file(self, message_id: str) -> None:
        """It was put off until its file is there."""
        await patiently(self._handing.waits, message_id)

    def raise_if_refused(self, result: SendResult) -> None:
        """Raises WhatsAppError; or Held when it is a new chat and WhatsApp allows none for a while (463): the message
        has not failed, it waits."""
        if result.error == NEW_CHATS_RESTRICTED:
            raise Held(self._gate.allowance.restrict(result.until_ms))
        if result.ack < 0:
            raise WhatsAppError(
                "WhatsApp did not take the message.", code=result.error or "send_failed", number=result.number
            )

    def _record_attempt(self, message: Message, chats: list[str], ready: Ready, wish: Wish, at_ms: int) -> str | None:
        """Record the attempt, and that it counts (P8), before the page gets the message (P2), under our epoch (P4)
        and as long as the person may be written to (P7). Returns the key of the message that it answers."""
        allowed = self._permission.ask(message, chats)
        if held_by(message, self._app.table, self._app.now_ms()) is not None:
            raise NetworkError("It was held while it waited for its turn; look again.")
        app, name = self._app, f"{message.id}#{message.attempts + 1}"
        owner = When.all(Clause("still the owner", "epoch", "eq", self._epoch))
        kinds: dict[Kind, bool] = {"SENT": True, "MEDIA": wish.media, "FIRST": wish.first}
        counted = [done_write(self._session, kind, name, at_ms) for kind, it_is in kinds.items() if it_is]
        try:
            app.table.transact(
                [
                    Check(head_key(self._session), owner),
                    *allowed,
                    *attempt_writes(message, whatsapp_hex(message.id), app.now_ms(), **self._learnt(message, ready)),
                    *counted,
                ]
            )
        except ConditionFailed as failure:
            if 0 in failure.failed:
                raise Fenced("Another worker owns this session now.") from None
            raise NetworkError("The message changed meanwhile; look again.") from None
        return self._quoted_key(message)

    def _learnt(self, message: Message, ready: Ready) -> dict[str, Any]:
        """What a file told of its message."""
        if ready.prepared is None:
            return {}
        content = {**ready.content, **ready.learnt}
        purpose = f"{CONTENT}#{message.id}"
        sealed = self._app.seals.seal_json(message.tenant, message.contact, purpose, content)
        return {"kind": ready.kind, "content": sealed}

    def _open(self, message: Message) -> dict[str, Any]:
        content: dict[str, Any] = self._app.seals.open_json(
            message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content
        )
        return content

    def _quoted_key(self, message: Message) -> str | None:
        """WhatsApp's key of the message that this one answers, as the page named it."""
        quoted = None if message.reply_to is None else get_message(self._app.table, message.reply_to)
        if quoted is None:
            return None
        if quoted.source != "api":
            return str(self._open(quoted)["key"])
        return f"true_{self._app.contacts.addresses(quoted.tenant, quoted.contact)[0]}_{whatsapp_hex(quoted.id)}"


async def _stop_typing(page: Page, chat_id: str) -> None:
    try:
        await page_calls.typing(page, chat_id, "paused")
    except WaypostError:
        return  # it ends by itself
