"""Launches the Chromium of one session on its profile, and notices when it is gone."""

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Playwright, ProxySettings
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage

from containers.worker import berth
from containers.worker.crashes import Ending, count_kernel_kills, ran_out_of_memory
from containers.worker.identity import Identity, chromium_version, client_hints, user_agent
from containers.worker.launcher_book import Process
from containers.worker.observations import BrowserGone, PageCrashed
from containers.worker.page import Page
from containers.worker.processes import find_process, kill_tree
from containers.worker.script import init_script
from waypost.errors import Conflict, NetworkError

type Ready = Callable[[BrowserContext], Awaitable[None]]

LAUNCH_S = 60.0
CLOSE_S = 10.0
ENDING_S = 0.2  # after a crash, for Chromium to say how its renderer ended

# What WhatsApp's own page loads from beside its origin: scripts, pictures and media.
WHATSAPP_HOSTS = ("whatsapp.com", "*.whatsapp.com", "*.whatsapp.net")

# The last --enable-features wins, so Playwright's own are repeated (browser-sessions.md, section 5).
ENABLED_FEATURES = ("CDPScreenshotNewSurface", "SkipListAccountsWithoutGaiaCookies", "NetworkServiceInProcess2")

# 42 MB a session beside the renderer, against 76 without them (browser-sessions.md, section 1).
LEAN_FLAGS = (
    "--in-process-gpu",
    "--no-zygote",
    "--js-flags=--optimize-for-size",
    "--enable-features=" + ",".join(ENABLED_FEATURES),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session's browser lives: its profile, and a folder of this run that is thrown away."""

    session: str
    profile: Path
    run: Path


@dataclass(frozen=True, slots=True)
class Browser:
    """A running browser. `ended` is done when it is of no use any more, and says why."""

    page: Page
    ended: "asyncio.Future[PageCrashed | BrowserGone]"
    chromium: str
    context: BrowserContext
    place: Place

    def process(self) -> Process | None:
        """None when it is gone. Reads the profile's lock."""
        return _find(self.place)

    async def stop(self) -> None:
        """Close it; what it has not written is written now. The feed ends after what the page still held back.
        A browser that does not close is killed: it would keep the profile's lock."""
        await self.page.drain()
        self.page.feed.end()
        try:
            await asyncio.wait_for(self.context.close(), CLOSE_S)
        except (PlaywrightError, TimeoutError):
            await asyncio.to_thread(_kill, self.place)


@asynccontextmanager
async def running(
    playwright: Playwright,
    place: Place,
    identity: Identity,
    url: str,
    *,
    ready: Ready | None = None,
    window: bool = False,
) -> AsyncIterator[Browser]:
    """A browser that is stopped at the end of the block. Raises as `launch` does."""
    browser = await launch(playwright, place, identity, url, ready=ready, window=window)
    try:
        yield browser
    finally:
        await browser.stop()


async def launch(
    playwright: Playwright,
    place: Place,
    identity: Identity,
    url: str,
    *,
    ready: Ready | None = None,
    window: bool = False,
) -> Browser:
    """Start a browser that may reach only the host of `url`, without loading it yet. `ready` is called before any
    script of ours is in it. With `window` a person sees it and uses it.

    Raises Conflict `profile_in_use` when another browser has the profile, NetworkError `browser_not_started`.
    """
    version = await asyncio.to_thread(chromium_version, identity.chromium)
    try:
        context = await _launch_context(playwright, place, identity, version, url, window)
        if ready is not None:
            await ready(context)
        return await _dress(context, place, identity, version)
    except PlaywrightError as problem:
        if berth.IN_USE_WORDS in problem.message:
            raise Conflict("Another browser has this profile.", code="profile_in_use") from None
        raise NetworkError("The browser did not start.", code="browser_not_started") from None


async def _launch_context(
    playwright: Playwright, place: Place, identity: Identity, version: str, url: str, window: bool
) -> BrowserContext:
    width, height = identity.viewport
    return await playwright.chromium.launch_persistent_context(
        place.profile,
        executable_path=_write_stub(place, identity.chromium),
        args=[*LEAN_FLAGS, f"--user-agent={user_agent(version)}", f"--host-resolver-rules={_only(identity, url)}"],
        env=_environment(place),
        locale=identity.locale,
        timezone_id=identity.timezone,
        viewport={"width": width, "height": height},
        proxy=_proxy(identity),
        headless=not window,
        accept_downloads=False,
        timeout=LAUNCH_S * 1000,
        handle_sigint=False,  # how the worker ends is the worker's business
        handle_sigterm=False,
        handle_sighup=False,
    )


async def _dress(context: BrowserContext, place: Place, identity: Identity, version: str) -> Browser:
    await context.add_init_script(init_script())
    sheet = context.pages[0]
    cdp = await context.new_cdp_session(sheet)
    await cdp.send("Emulation.setUserAgentOverride", client_hints(version, identity.locale))
    page = Page(sheet, cdp)
    await page.attach()
    return Browser(page, await _watch(context, sheet, cdp, page), version, context, place)


async def _watch(
    context: BrowserContext, sheet: PlaywrightPage, cdp: CDPSession, page: Page
) -> "asyncio.Future[PageCrashed | BrowserGone]":
    """Done when the page or the browser has ended, with what is known of why."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PageCrashed | BrowserGone] = loop.create_future()
    kills_before = count_kernel_kills()

    def end(kind: type[PageCrashed | BrowserGone], ending: Ending) -> None:
        page.feed.end()
        if not ended.done():
            kills = count_kernel_kills() - kills_before
            ended.set_result(kind(out_of_memory=ran_out_of_memory(ending, kernel_kills=kills)))

    def crashed(details: dict[str, Any]) -> None:
        end(PageCrashed, Ending(str(details.get("status", "")), int(details.get("errorCode", 0))))

    def unexplained(_: PlaywrightPage) -> None:
        loop.call_later(ENDING_S, end, PageCrashed, Ending())

    cdp.on("Target.targetCrashed", crashed)
    await cdp.send("Target.setDiscoverTargets", {"discover": True})
    sheet.on("crash", unexplained)
    sheet.on("close", lambda _: end(BrowserGone, Ending()))
    context.on("close", lambda _: end(BrowserGone, Ending()))
    return ended


def hosts_of(url: str) -> list[str]:
    """What may be reached where `url` is WhatsApp's page."""
    host = urlsplit(url).hostname or ""
    return [host, *(WHATSAPP_HOSTS if host.endswith("whatsapp.com") else ())]


def _only(identity: Identity, url: str) -> str:
    """Names that are not on the list do not resolve: costs nothing, where a route through us delays every request.
    Behind a proxy no name is resolved here but the proxy's own, so that nothing gets around it (outlet.py)."""
    allowed = hosts_of(url) if identity.proxy is None else [identity.proxy.host]
    return ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {name}" for name in allowed)])


def _proxy(identity: Identity) -> ProxySettings | None:
    if identity.proxy is None:
        return None
    # Without the bypass rule Chromium goes to loopback addresses around every proxy.
    settings: ProxySettings = {"server": identity.proxy.server, "bypass": "<-loopback>"}
    if identity.proxy.username is not None:
        settings["username"] = identity.proxy.username
        settings["password"] = identity.proxy.password or ""
    return settings


def _write_stub(place: Place, chromium: Path) -> Path:
    """The executable that Playwright starts in Chromium's place; it becomes Chromium."""
    place.profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock_of(place)
    words = (sys.executable, "-SI", berth.__file__, place.session, str(lock), str(chromium))
    stub = place.run / "browser"
    stub.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    stub.chmod(0o700)
    return stub


def _lock_of(place: Place) -> Path:
    """Beside the profile, because a restore may replace that."""
    return place.profile.with_name(place.profile.name + ".lock")


async def evict(place: Place) -> None:
    """For who holds the session's lease: end a former owner's browser, which may be frozen and deaf."""
    await asyncio.to_thread(_kill, place)


def _find(place: Place) -> Process | None:
    """What runs on the profile; the lock says who, its command line that it is still the same."""
    try:
        pid = int(_lock_of(place).read_text("ascii"))
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return find_process(pid) if f"--user-data-dir={place.profile}".encode() in line.split(b"\0") else None


def _kill(place: Place) -> None:
    browser = _find(place)
    if browser is not None:
        kill_tree(browser)


def _environment(place: Place) -> dict[str, str | float | bool]:
    """Of the worker's environment the browser gets nothing that is secret."""
    passed = {name: os.environ[name] for name in ("PATH", "LANG", "WAYPOST_LAUNCHER") if name in os.environ}
    return {**passed, "HOME": str(place.run)}
