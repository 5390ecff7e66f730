"""The one writer of a session's log: takes entries as they come and appends what has gathered in one transaction.

While an append is under way, new entries gather; so a burst costs few transactions and a lone event waits for nobody.
"""

import asyncio
import time
from dataclasses import dataclass

from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.lease import Head
from waypost.errors import StorageError
from waypost.observability import logger
from waypost.services.journal import Entry, append, batches
from waypost.services.nudges import nudge_consumers

log = logger("worker")

_NUDGE_PAUSES = (0, 0.02, 0.1)  # seconds before each try; after that the sweeper tells them
_GATHER = 64  # entries taken at once; the transaction's own limit cuts them further


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    done: asyncio.Future[bool]


class Recorder:
    """Appends under one epoch. When it is fenced, every `record` raises Fenced, and `run` ends with it."""

    def __init__(self, app: App, head: Head) -> None:
        self._app = app
        self._head = head
        self._epoch = head.epoch
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(maxsize=1000)
        self._broken: StorageError | None = None
        # The pair of wa-js and WhatsApp Web build that is on every event (decision 1).
        self.build = ""

    async def record(self, entry: Entry) -> bool:
        """True once the entry is stored, False when one of its own conditions failed. Raises Fenced."""
        if self._broken is not None:
            raise self._broken
        waiting = _Waiting(entry, asyncio.get_running_loop().create_future())
        await self._queue.put(waiting)
        return await waiting.done

    async def record_all(self, entries: list[Entry]) -> list[bool]:
        """The same for several, in order; they share transactions."""
        return list(await asyncio.gather(*(self.record(entry) for entry in entries)))

    async def run(self) -> None:
        """Append until cancelled. Raises Fenced, or the storage error that did not go away."""
        gathered: list[_Waiting] = []
        try:
            while True:
                gathered = [await self._queue.get()]
                while len(gathered) < _GATHER and not self._queue.empty():
                    gathered.append(self._queue.get_nowait())
                await self._append(gathered)
        except StorageError as error:
            self._broken = error
            self._fail(gathered, error)
            raise
        finally:
            self._broken = self._broken or StorageError("The session has no owner any more.")
            self._fail(gathered, None)

    async def _append(self, gathered: list[_Waiting]) -> None:
        position = 0
        for piece in batches([waiting.entry for waiting in gathered]):
            refused = await patiently(self._append_now, piece)
            for index, waiting in enumerate(gathered[position : position + len(piece)]):
                if not waiting.done.done():
                    waiting.done.set_result(index not in refused)
            position += len(piece)

    def _append_now(self, piece: list[Entry]) -> tuple[int, ...]:
        app = self._app
        before = self._head.number
        done = append(piece, head=self._head, table=app.table, seals=app.seals, epoch=self._epoch, build=self.build)
        self._head = done.head
        if done.head.number > before:
            self._nudge(done.head.number)
        return done.refused

    def _nudge(self, number: int) -> None:
        """A nudge that fails must not look like an append that failed: that one would be done again."""
        for pause in _NUDGE_PAUSES:
            time.sleep(pause)
            try:
                nudge_consumers(self._head.session, number, queues=self._app.engine.queues)
            except StorageError as error:
                code = error.code
            else:
                return
        log.warning("consumers were not told", extra={"session": self._head.session, "code": code})

    def _fail(self, gathered: list[_Waiting], error: StorageError | None) -> None:
        left = list(gathered)
        while not self._queue.empty():
            left.append(self._queue.get_nowait())
        for waiting in left:
            if not waiting.done.done():
                if error is None:
                    waiting.done.cancel()
                else:
                    waiting.done.set_exception(error)
