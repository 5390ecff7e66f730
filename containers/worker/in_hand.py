"""What a worker that leaves still finishes: the sends that it has begun, and none that it has not."""

import asyncio
from types import TracebackType


class InHand:
    """`async with` it around one send. After `finish` nobody enters any more, and waits until it is cancelled."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._count = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def busy(self) -> bool:
        return self._count > 0

    async def __aenter__(self) -> None:
        await self._open.wait()
        self._count += 1
        self._empty.clear()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._count -= 1
        if not self._count:
            self._empty.set()

    async def finish(self, seconds: float) -> bool:
        """Begin nothing more; whether all that was begun ended in time."""
        self._open.clear()
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True
