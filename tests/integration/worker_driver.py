"""Drives the worker's browser side in tests: a session that consumes its feed, and the processes of a profile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Playwright

from containers.worker.browser import Browser, Place, running
from containers.worker.identity import Identity
from containers.worker.observations import Batch, CodeShown, LoginSeen, PageObservation
from tests.integration.simulator_driver import Phone, until


class Session:
    """Consumes the feed as a worker does; while `storing` is cleared it settles nothing."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.page = browser, browser.page
        self.seen: list[PageObservation] = []
        self.batches: list[Batch] = []
        self.console: list[str] = []
        self.storing = asyncio.Event()
        self.storing.set()
        sheet = browser.context.pages[0]
        sheet.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        sheet.on("pageerror", lambda problem: self.console.append(f"pageerror: {problem}"))

    async def consume(self) -> None:
        async with asyncio.TaskGroup() as settling:
            async for batch in self.page.feed:
                self.batches.append(batch)
                self.seen += batch.observations
                settling.create_task(self._settle(batch))

    async def _settle(self, batch: Batch) -> None:
        await self.storing.wait()
        await self.page.settle(batch)

    def of[T](self, kind: type[T]) -> list[T]:
        return [one for one in self.seen if isinstance(one, kind)]

    async def wait_for[T](self, kind: type[T], fits: Callable[[T], bool] = lambda _: True) -> T:
        async def look() -> list[T]:
            return [one for one in self.of(kind) if fits(one)]

        return (await until(look, what=f"no {kind.__name__} that fits"))[0]

    async def wait_working(self) -> LoginSeen:
        return await self.wait_for(LoginSeen, lambda login: login.working)

    async def link(self, phone: Phone) -> None:
        shown = await self.wait_for(CodeShown, lambda shown: shown.code is not None)
        await phone.call("POST", "/scan", {"code": shown.code})
        await self.wait_working()


@asynccontextmanager
async def session_on(
    playwright: Playwright, url: str, folder: Path, identity: Identity | None = None
) -> AsyncIterator[Session]:
    place = Place("ses_test", folder / "profile", folder / "run")
    async with running(playwright, place, identity or Identity(), url) as browser:
        session = Session(browser)
        consuming = asyncio.create_task(session.consume())
        await session.page.open(url)
        try:
            yield session
        finally:
            session.storing.set()
            await browser.stop()
            await consuming


def browser_pids(profile: Path) -> list[int]:
    """The living processes that were started on a profile, the browser first."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and f"--user-data-dir={profile}".encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return sorted(found)


def command_line(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")


def children_of(pid: int) -> list[int]:
    """Of all its threads: Chromium starts renderers from another one than the first."""
    lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in lists for child in children.read_text("utf-8").split()]
