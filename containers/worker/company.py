"""What the workers know of each other's room: each says its own every few seconds and reads what the others said.

Nobody decides by it alone: a claim is a condition in the table, and an old number only costs a moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from containers.worker.memory import share_in_use
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.placement import (
    Load,
    may_take,
    seconds_after_claiming,
    seconds_before_claiming,
    should_hand_over,
)
from waypost.entities.worker import forget_worker, list_loads, put_load
from waypost.errors import StorageError
from waypost.observability import logger

log = logger("worker")

_EVERY_SECONDS = 5.0
_FRESH_SECONDS = 20.0
_LASTING = 3  # looks in a row above the line before a session is given away: a start is a peak
_REST_SECONDS = 60.0  # between two sessions that are given away


class Company:
    """`used` counts our sessions; `give_away` hands one over, and says whether it found one."""

    def __init__(
        self,
        app: App,
        worker: str,
        slots: int,
        *,
        used: Callable[[], int],
        give_away: Callable[[], Awaitable[bool]],
        memory: Callable[[], float] = share_in_use,
    ) -> None:
        self._app = app
        self._placing = app.settings.placing
        self._worker = worker
        self._slots = slots
        self._used = used
        self._give_away = give_away
        self._measure = memory
        self._memory = 0.0
        self._others: list[Load] = []
        self._above = 0
        self._rests_until = 0.0

    @property
    def load(self) -> Load:
        return Load(self._worker, self._used(), self._slots, self._memory)

    @property
    def has_room(self) -> bool:
        return may_take(self.load, self._placing)

    def seconds_before_claiming(self) -> float:
        return seconds_before_claiming(self.load, self._others, self._placing)

    def seconds_after_claiming(self) -> float:
        return seconds_after_claiming(self.load, self._others)

    async def run(self) -> None:
        """Until cancelled; then nobody counts on us any more."""
        try:
            while True:
                try:
                    await self.look()
                except StorageError as error:
                    log.warning("the other workers do not hear of us", extra={"code": error.code})
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            await asyncio.shield(self._leave())

    async def look(self) -> None:
        """Measure, tell, listen; and give a session away when memory has been short for a while."""
        self._memory = await asyncio.to_thread(self._measure)
        now_ms = self._app.now_ms()
        await patiently(put_load, self._app.table, self.load, now_ms)
        loads = await patiently(list_loads, self._app.table, since_ms=now_ms - round(_FRESH_SECONDS * 1000))
        self._others = [load for load in loads if load.worker != self._worker]
        over = should_hand_over(self.load, self._others, self._placing)
        self._above = self._above + 1 if over else 0
        if self._above >= _LASTING and time.monotonic() >= self._rests_until and await self._give_away():
            log.warning("gave a session away: memory is short", extra={"share": round(self._memory, 2)})
            self._rests_until, self._above = time.monotonic() + _REST_SECONDS, 0

    async def _leave(self) -> None:
        try:
            await patiently(forget_worker, self._app.table, self._worker)
        except StorageError:
            return  # what we said last is old in a moment
