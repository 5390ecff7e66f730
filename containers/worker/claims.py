"""The worker's ear at the `claims` queue: sessions that want an owner, one at a time, none kept by one who leaves."""

import asyncio
import json
from dataclasses import dataclass

from waypost.errors import NotFound, StorageError
from waypost.observability import logger
from waypost.ports import Queue, Received

log = logger("worker")

_AFTER_TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    session: str
    receipt: str


class Claims:
    """`next` until `leave`. Receiving is a thread's work, and a thread cannot be cancelled."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._left = False
        self._asking: asyncio.Future[list[Received]] | None = None

    async def next(self, wait_seconds: float) -> Claim | None:
        """None when nothing came in time, or the queue does not answer."""
        self._asking = asyncio.ensure_future(asyncio.to_thread(self._ask, wait_seconds))
        try:
            received = await asyncio.shield(self._asking)
        except StorageError as error:
            log.error("cannot listen for claims", extra={"code": error.code})
            await asyncio.sleep(_AFTER_TROUBLE_SECONDS)
            return None
        return next((Claim(json.loads(one.body)["session"], one.receipt) for one in received), None)

    async def forget(self, claim: Claim) -> None:
        """Whoever owns the session now has it, and one that nobody could take is found by looking around."""
        try:
            await asyncio.to_thread(self._queue.delete, claim.receipt)
        except StorageError as error:
            log.warning("a claim was not deleted and will come again", extra={"code": error.code})

    async def leave(self, seconds: float) -> None:
        """Wait until nothing more can come to us: what the thread still receives goes back at once."""
        self._left = True
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=seconds)

    def _ask(self, wait_seconds: float) -> list[Received]:
        received = self._queue.receive(limit=1, wait_seconds=wait_seconds)
        if not self._left:
            return received
        for claim in received:
            try:
                self._queue.change_visibility(claim.receipt, 0)
            except NotFound:
                continue  # it has come back by itself
        return []
