"""One lane of a session: takes hints from its queue, lets the sender work chat by chat, and refills from the schedule.

A hint is deleted when its message is settled, or waits for long in the table: it gets a new one when its time comes.
While the sender works, the hints' visibility is renewed; when the worker dies they come back by themselves, but the
next owner does not wait for that: it starts from the schedule.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import groupby

from containers.worker.patience import patiently
from containers.worker.sender import Sender
from waypost.bootstrap import App
from waypost.domain.lease import LEASE_SECONDS, RENEW_SECONDS
from waypost.domain.message import Lane as LaneName
from waypost.entities.message import get_message
from waypost.entities.schedule import last_waiting_by_chat, next_due
from waypost.errors import NotFound
from waypost.ports import Received
from waypost.services.sending import feed

_WAIT_SECONDS = 10.0
_RESUME_SECONDS = 1.0
_SIDE_BY_SIDE = 20  # chats sent to at once
_NAP_SECONDS = 0.05  # the least between two looks at what is due
_FEW = 10  # messages in hand: then the next ones are fetched from the schedule


class Lane:
    """Consumes `interactive` or `bulk`. `on_command` is called for each nudge that a command waits."""

    def __init__(
        self,
        app: App,
        session_id: str,
        name: LaneName,
        *,
        sender: Sender,
        on_command: Callable[[], Awaitable[None]],
        unique: str,
    ) -> None:
        self._app = app
        self._session = session_id
        self._name: LaneName = name
        self._sender = sender
        self._gate = sender.gate
        self._on_command = on_command
        self._unique = unique
        self._queue = app.engine.queues.queue(f"{name}-{session_id}")
        self._in_hand: dict[str, Received] = {}  # by receipt
        self._messages: dict[str, int] = {}  # message id → how many hints for it are in hand
        self._contacts: Counter[str] = Counter()  # that are being sent to
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._refilling = asyncio.Lock()
        self._round = 0
        self._ended = False

    async def run(self) -> None:
        """Work until cancelled. Raises what the sender raises: Fenced, or an engine's error."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_visible())
                tasks.create_task(self._resume(tasks))
                tasks.create_task(self._feed_in_time())
                while True:
                    if self._name == "bulk":  # the other one also brings commands, which wait for nothing
                        await self._gate.admits(self._name)
                    received = await self._receive()
                    for group, hints in groupby(received, key=lambda hint: hint.group or ""):
                        await self._take(group, list(hints), tasks)
        finally:
            self._ended = True

    async def _resume(self, tasks: asyncio.TaskGroup) -> None:
        """Send on from the schedule: what was in hand when the last owner ended, and what it had not come to.

        Hints that a dead owner had in hand block their chats' groups until their visibility ends; so for that long the
        schedule is looked at again and again, not to let what is accepted meanwhile wait behind them.
        """
        for _ in range(LEASE_SECONDS + 1):
            chats = await patiently(
                last_waiting_by_chat, self._app.table, self._session, self._name, due_by_ms=self._app.now_ms()
            )
            for contact, number in chats.items():
                if contact not in self._contacts and self._gate.holds_back(self._name) is None:
                    await self._room.acquire()
                    tasks.create_task(self._send(contact, number, []))
            await asyncio.sleep(_RESUME_SECONDS)

    async def _receive(self) -> list[Received]:
        received = await patiently(self._listen, 0)
        if received or await self._refill():
            return received
        return await patiently(self._listen, _WAIT_SECONDS)

    def _listen(self, seconds: float) -> list[Received]:
        received = self._queue.receive(wait_seconds=seconds)
        if not self._ended:
            return received
        # A thread cannot be cancelled: what it got after the end goes back at once, not when its visibility ends.
        for hint in reversed(received):
            self._queue.change_visibility(hint.receipt, 0)
        return []

    async def _feed_in_time(self) -> None:
        """Feed what becomes due while nobody hears a hint: it waited in the table, or the lane was held."""
        while True:
            now_ms = self._app.now_ms()
            next_ms = await patiently(next_due, self._app.table, self._session, self._name, after_ms=now_ms)
            wait_seconds = _WAIT_SECONDS if next_ms is None else (next_ms - self._app.now_ms()) / 1000
            await asyncio.sleep(min(max(wait_seconds, _NAP_SECONDS), _WAIT_SECONDS))
            await self._refill()

    async def _refill(self) -> int:
        async with self._refilling:
            if self._gate.holds_back(self._name) is not None:
                return 0
            self._round += 1
            return await patiently(
                feed,
                self._session,
                self._name,
                in_hand=set(self._messages),
                unique=f"{self._unique}-{self._round}",
                now_ms=self._app.now_ms(),
                table=self._app.table,
                queues=self._app.engine.queues,
            )

    async def _take(self, group: str, hints: list[Received], tasks: asyncio.TaskGroup) -> None:
        if group == "control":
            self._gate.refresh()
            await self._on_command()
            for hint in hints:
                await patiently(self._queue.delete, hint.receipt)
            return
        number = 0
        for hint in hints:
            message_id = json.loads(hint.body)["message"]
            message = await patiently(get_message, self._app.table, message_id)
            number = max(number, message.number if message else 0)
            self._in_hand[hint.receipt] = hint
            self._messages[message_id] = self._messages.get(message_id, 0) + 1
        tasks.create_task(self._send_in_turn(group, number, hints))

    async def _send_in_turn(self, contact: str, number: int, hints: list[Received]) -> None:
        """As soon as there is room. Whoever listens does not wait for that: a command may come."""
        await self._room.acquire()
        await self._send(contact, number, hints)

    async def _send(self, contact: str, number: int, hints: list[Received]) -> None:
        self._contacts[contact] += 1
        try:
            await self._sender.send_due(contact, self._name, up_to=number)
            for hint in hints:
                await patiently(self._queue.delete, hint.receipt)
        finally:
            for hint in hints:
                self._let_go(hint)
            self._contacts[contact] -= 1
            if not self._contacts[contact]:
                del self._contacts[contact]
            self._room.release()
        # Whoever listens sleeps until a hint comes; what acceptance left for us to fetch gives none.
        if len(self._messages) <= _FEW and not self._refilling.locked():
            await self._refill()

    def _let_go(self, hint: Received) -> None:
        self._in_hand.pop(hint.receipt, None)
        message_id = json.loads(hint.body)["message"]
        self._messages[message_id] -= 1
        if not self._messages[message_id]:
            del self._messages[message_id]

    async def _keep_visible(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            for receipt in list(self._in_hand):
                try:
                    await patiently(self._queue.change_visibility, receipt, LEASE_SECONDS)
                except NotFound:
                    self._in_hand.pop(receipt, None)  # it was settled and deleted meanwhile
