"""Whether the page may be used for sending and errands: shut until the session works and has caught up."""

import asyncio
from collections.abc import Callable

from containers.worker.page import Page


class Readiness:
    """`page` tells the page that is open now, if any."""

    def __init__(self, page: Callable[[], Page | None]) -> None:
        self._page = page
        self._open = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def open(self) -> None:
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    async def page(self) -> Page:
        """The page, once it is ready."""
        while True:
            await self._open.wait()
            page = self._page()
            if page is not None:
                return page
            self._open.clear()
