"""Opens a copy of a profile with the line cut: a second browser with the same login must never go live (P4).

Going live would be worse than a conflict: WhatsApp deletes what a device has taken, so a copy that is thrown away
afterwards would take messages with it. So no name or address resolves in this browser. The page's own code, which is
public, is fetched by us without cookies and handed in; whatever else the page wants, above all its WebSocket, fails.
WhatsApp Web judges from what it has stored whether it is logged in, and says so before it has a line.
"""

import asyncio
import time
import urllib.request
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Playwright, Route
from playwright.async_api import Error as PlaywrightError

from containers.worker.browser import Place, hosts_of, running
from containers.worker.identity import Identity
from containers.worker.observations import LoginSeen
from containers.worker.page import Page
from containers.worker.vault.manifest import Saved
from containers.worker.vault.page_state import put_back
from waypost.errors import Conflict, WaypostError

_NOWHERE = "https://nowhere.invalid/"  # RFC 6761: never resolves
_FETCH_SECONDS = 20.0
_LOGIN_SECONDS = 30.0
_LINE_SECONDS = 10.0  # for the page to try its line, and to notice
_LOOK_SECONDS = 0.1
# WhatsApp's words for a line that is there, and for one that was tried in vain.
_LIVE, _FAILED = frozenset({"NORMAL", "SYNCING", "RESUMING"}), frozenset({"OFFLINE", "TIMEOUT"})


async def opens_logged_in(
    playwright: Playwright, folder: Path, session: str, identity: Identity, url: str, saved: Saved
) -> bool:
    """Whether the profile in `folder`/profile leads to a login. Raises Conflict `went_live`, which
    must never be, and as `launch` and `Page.open` do."""
    place = Place(session, folder / "profile", folder / "run")
    ready = partial(_cut_off, saved=saved, url=url)
    async with running(playwright, place, identity, _NOWHERE, ready=ready) as browser:
        await browser.page.open(url)
        return await _says_login(browser.page)


async def _says_login(page: Page) -> bool:
    """Whether it says that it is logged in; then it is watched until its line has failed, too."""
    until, logged_in = time.monotonic() + _LOGIN_SECONDS, False
    while time.monotonic() < until:
        seen = await _look(page)
        if seen.online and seen.info in _LIVE:
            raise Conflict("The copy reached WhatsApp: it was closed at once.", code="went_live")
        if seen.authenticated and seen.main_loaded and not logged_in:
            until, logged_in = time.monotonic() + _LINE_SECONDS, True
        if logged_in and (seen.online is False or seen.info in _FAILED):
            return True
        await asyncio.sleep(_LOOK_SECONDS)
    return logged_in


async def _look(page: Page) -> LoginSeen:
    try:
        return await page.login_state()
    except WaypostError:
        return LoginSeen()  # it is still loading


async def _cut_off(context: BrowserContext, *, saved: Saved, url: str) -> None:
    await put_back(context, saved)
    allowed = tuple(host.removeprefix("*") for host in hosts_of(url))
    await context.route("**/*", partial(_hand_in, allowed=allowed))
    cdp = await context.new_cdp_session(context.pages[0])
    await cdp.send("Network.enable")
    await cdp.send("Network.setBypassServiceWorker", {"bypass": True})


async def _hand_in(route: Route, *, allowed: tuple[str, ...]) -> None:
    asked = urlsplit(route.request.url)
    public = route.request.method == "GET" and (asked.hostname or "").endswith(allowed)
    try:
        if not public or asked.scheme not in ("http", "https"):
            await route.abort()
            return
        status, kind, body = await asyncio.to_thread(_fetch, route.request.url)
        await route.fulfill(status=status, content_type=kind, body=body)
    except PlaywrightError:
        return  # the page is gone, and wants nothing any more
    except OSError:
        await route.abort()


def _fetch(url: str) -> tuple[int, str, bytes]:
    """As anybody could: without the device's cookies."""
    with urllib.request.urlopen(url, timeout=_FETCH_SECONDS) as answer:  # noqa: S310  # http or https: checked above
        return answer.status, answer.headers.get("content-type", ""), answer.read()
