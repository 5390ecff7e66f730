"""The browser of one session over its launches: started, listened to, watched, closed. It only tells what it sees."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import Playwright

from containers.worker.browser import Browser, Place, evict, launch
from containers.worker.egress import Egress
from containers.worker.fence import Fence
from containers.worker.identity import Identity
from containers.worker.launcher_book import Process
from containers.worker.observations import Batch, BrowserGone, LoginSeen, PageCrashed, PageHung
from containers.worker.page import Page
from containers.worker.signals import LaunchFailed, Observation, ProfileLost
from containers.worker.spool import spool_folder
from containers.worker.starts import Starts
from containers.worker.vault.links import profile_folder
from containers.worker.vault.page_state import put_back
from containers.worker.vault.vault import Vault
from waypost.bootstrap import App
from waypost.entities.session import Session
from waypost.errors import Conflict, SessionNotLinked, WaypostError
from waypost.observability import logger

log = logger("worker")

_PING_SECONDS = 2.0
_LAST_WORDS_SECONDS = 10.0


class Browsing:
    """`observe` gets what concerns the session's life; `file` gets every batch and returns when it is stored;
    `answered` is told each time that the page proves that it answers."""

    def __init__(
        self,
        app: App,
        playwright: Playwright,
        session: Session,
        *,
        observe: Callable[[Observation], None],
        file: Callable[[Batch], Awaitable[None]],
        vault: Vault,
        answered: Callable[[], None],
        fence: Fence,
        starts: Starts,
    ) -> None:
        self.login: LoginSeen | None = None
        self._playwright = playwright
        self._session = session
        self._url = app.settings.whatsapp_url
        self._identity = _identity_of(session, app.settings.chromium)
        self._egress = Egress(app, session, on_trouble=self._proxy_failed)
        self._place = place_of(app.settings.home, session.id)
        self._observe = observe
        self._file = file
        self._vault = vault
        self._answered = answered
        self._fence = fence
        self._starts = starts
        self._browser: Browser | None = None
        self._launching: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._failed: asyncio.Future[None] | None = None

    @property
    def page(self) -> Page | None:
        return None if self._browser is None else self._browser.page

    @property
    def chromium(self) -> str | None:
        """The version of the browser that runs."""
        return None if self._browser is None else self._browser.chromium

    def launch(self, *, after: float) -> None:
        """Start a browser in `after` seconds, in place of the one that runs, if any."""
        self._instead(self._launch(after))

    def process(self) -> Process | None:
        """Of the browser that runs; reads the profile's lock."""
        return None if self._browser is None else self._browser.process()

    def reload(self) -> None:
        """Load the page anew in the browser that runs."""
        self._instead(self._reload())

    def take_over(self, *, after: float) -> None:
        """In `after` seconds, take the line back, if another browser has it still."""
        self._instead(self._take_over(after))

    async def close(self) -> None:
        """End the browser, or its launch, with a last backup. What it has not written is written now."""
        launching, self._launching = self._launching, None
        if launching is not None and launching is not asyncio.current_task():
            launching.cancel()
            await asyncio.gather(launching, return_exceptions=True)
        if self._browser is not None:
            await self._vault.put_away(self._browser, self._end_browser)
        self._egress.close()

    async def watch(self) -> None:
        """Run beside it: asks the page whether it answers. Raises what `file` raised."""
        self._failed = asyncio.get_running_loop().create_future()
        while not self._failed.done():
            await asyncio.wait({self._failed}, timeout=_PING_SECONDS)
            browser = self._browser
            if browser is None or browser.ended.done():
                continue
            if await _answers(browser.page):
                self._answered()
            elif browser is self._browser:
                self._observe(PageHung())
        self._failed.result()

    def _instead(self, work: Coroutine[Any, Any, None]) -> None:
        """One thing at a time is done to the browser: the newest that was asked for."""
        if self._launching is not None:
            self._launching.cancel()
        self._launching = asyncio.create_task(work)

    async def _launch(self, after: float) -> None:
        await self._end_browser()
        await asyncio.sleep(after)
        async with self._starts:
            await self._launch_now()

    async def _launch_now(self) -> None:
        try:
            browser = await self._start()
        except SessionNotLinked as error:
            self._observe(ProfileLost(error.code))
            return
        except WaypostError as error:
            log.warning("the browser did not start", extra={"session": self._session.id, "code": error.code})
            self._observe(LaunchFailed(error.code))
            return
        self._browser = self._vault.browser = browser
        browser.ended.add_done_callback(lambda ended: self._ended(browser, ended))
        self._listening = asyncio.create_task(self._listen(browser))
        await self._load(browser.page.open(self._url))

    async def _reload(self) -> None:
        if self._browser is None:
            self._observe(BrowserGone())
        else:
            await self._load(self._browser.page.reload())

    async def _load(self, loading: Awaitable[None]) -> None:
        try:
            await loading
        except WaypostError as error:
            log.warning("WhatsApp was not loaded", extra={"session": self._session.id, "code": error.code})
            self._observe(self._egress.why(LaunchFailed(error.code)))

    async def _take_over(self, after: float) -> None:
        await asyncio.sleep(after)
        if self._browser is None or self.login is None or self.login.mode != "CONFLICT":
            return
        try:
            await self._browser.page.take_over()
        except WaypostError as error:
            log.warning("the line was not taken back", extra={"session": self._session.id, "code": error.code})
            await self._reload()  # a page that is loaded anew takes the line, too

    async def _start(self) -> Browser:
        await self._evict()  # a former owner's: nobody may write while the profile is checked
        saved = await self._vault.prepare()
        ready = None if saved is None else partial(put_back, saved=saved)
        identity = await self._egress.dress(self._identity)
        try:
            return await launch(self._playwright, self._place, identity, self._url, ready=ready)
        except Conflict:
            log.warning("ending a former owner's browser", extra={"session": self._session.id})
            await self._evict()
            return await launch(self._playwright, self._place, identity, self._url, ready=ready)

    async def _evict(self) -> None:
        if self._fence.has_launcher:
            await self._fence.evict(self._session.id)
        else:
            await evict(self._place)

    async def _listen(self, browser: Browser) -> None:
        try:
            async for batch in browser.page.feed:
                # What a browser says after its end is filed, but tells nothing of the session any more.
                for seen in batch.observations if browser is self._browser else ():
                    if isinstance(seen, LoginSeen):
                        self.login = seen
                    self._observe(seen)
                    self._proxy_failed()
                await self._file(batch)
                self._vault.note_batch(batch)
                await browser.page.settle(batch)
        except Exception as error:
            # Nothing may be lost: without a place to store what the page sees, this owner must end.
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(error)

    def _proxy_failed(self) -> None:
        """A page that lost its line, or got none: the proxy is why. While it is being loaded, the load says so."""
        failure = self._egress.failure
        loading = self._launching is not None and not self._launching.done()
        if failure is None or loading or self._browser is None or (self.login is not None and self.login.working):
            return
        self._observe(failure)

    def _ended(self, browser: Browser, ended: "asyncio.Future[PageCrashed | BrowserGone]") -> None:
        if browser is self._browser and not ended.cancelled():
            self._observe(ended.result())

    async def _end_browser(self) -> None:
        browser, self._browser, self.login = self._browser, None, None
        self._vault.browser = None
        if browser is not None:
            await browser.stop()
        listening, self._listening = self._listening, None
        if listening is not None:
            # The feed has ended; what it still holds is filed before anything new is seen.
            await asyncio.wait({listening}, timeout=_LAST_WORDS_SECONDS)
            listening.cancel()


def place_of(home: Path, session_id: str) -> Place:
    return Place(session_id, profile_folder(home, session_id), home / "run" / session_id)


def forget_device(place: Place) -> None:
    """Remove the profile of a browser that has ended, and all that belongs to it."""
    halves = place.profile.parent.glob(f"{place.profile.name}.restoring-*")
    spool = spool_folder(place.run.parents[1], place.session)
    for folder in (place.profile, place.profile.with_name(f"{place.profile.name}.copy"), *halves, place.run, spool):
        shutil.rmtree(folder, ignore_errors=True)
    for beside in (".lock", ".stamp"):
        place.profile.with_name(place.profile.name + beside).unlink(missing_ok=True)


async def _answers(page: Page) -> bool:
    """Whether it answers at the first or the second try: one missed answer is a busy machine."""
    return await page.ping() or await page.ping()


def _identity_of(session: Session, chromium: Path) -> Identity:
    """What the record says, so that nothing about the device changes from one launch to the next (R-SAFE-3)."""
    defaults, given = Identity(), session.identity
    viewport = given.get("viewport") or {}
    return Identity(
        locale=given.get("locale") or defaults.locale,
        timezone=given.get("timezone") or defaults.timezone,
        viewport=(viewport.get("width") or defaults.viewport[0], viewport.get("height") or defaults.viewport[1]),
        chromium=chromium,
    )
