"""The worker's end of the page's feed: batches in order, a gap noticed, an end when the browser is gone."""

import asyncio
from dataclasses import replace
from typing import Self

from containers.worker.decoding import read_batch
from containers.worker.observations import Batch, Gap


class Feed:
    """An async iterator of batches for one consumer.

    It holds at most the page's credits of batches, and what a page sent while it was going away.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Batch | None] = asyncio.Queue()
        self._page = ""
        self._last = 0
        self._ended = False

    def receive(self, payload: str) -> None:
        """Take one batch as the page sent it."""
        batch = read_batch(payload)
        self._queue.put_nowait(self._checked(batch))

    def end(self) -> None:
        """No more will come; what is here is still handed out."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        batch = await self._queue.get()
        if batch is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return batch

    def _checked(self, batch: Batch) -> Batch:
        expected = self._last + 1 if batch.page == self._page else 1
        self._page, self._last = batch.page, batch.number
        if batch.number == expected:
            return batch
        return replace(batch, observations=(Gap(expected, batch.number), *batch.observations))
