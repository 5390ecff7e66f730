"""Browsers of a worker start a few at a time: five at once would each take five times as long, and some too long."""

import asyncio


class Starts:
    """`async with` it around a start."""

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> None:
        await self._room.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._room.release()
