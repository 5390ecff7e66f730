"""What a page keeps beside its databases: taken from the running browser, and put back before WhatsApp is loaded."""

import asyncio
from typing import cast
from urllib.parse import urlsplit

from playwright._impl._api_structures import SetCookieParam  # the public module does not name it
from playwright.async_api import BrowserContext, Route
from playwright.async_api import Error as PlaywrightError

from containers.worker.browser import Browser
from containers.worker.vault.manifest import Saved
from waypost.errors import NetworkError, WaypostError

_SECONDS = 10.0
_READ = "Object.fromEntries(Object.entries(localStorage))"
_WRITE = "(entries) => { for (const [name, value] of Object.entries(entries)) localStorage.setItem(name, value); }"
_BLANK = "<!doctype html><title>…</title>"


async def is_logged_in(browser: Browser) -> bool:
    """Whether the page is logged in and nobody took its place. False also when it does not answer."""
    try:
        login = await asyncio.wait_for(browser.page.login_state(), _SECONDS)
    except (WaypostError, TimeoutError):
        return False
    return login.authenticated and login.mode == "MAIN"


async def take_state(browser: Browser, origin: str) -> Saved:
    """Raises NetworkError `page_gone`."""
    try:
        async with asyncio.timeout(_SECONDS):
            entries = await browser.context.pages[0].evaluate(_READ)
            cookies = await browser.context.cookies()
    except (PlaywrightError, TimeoutError, IndexError):
        raise NetworkError("The page went away.", code="page_gone") from None
    return Saved(origin, entries, tuple(dict(cookie) for cookie in cookies))


async def put_back(context: BrowserContext, saved: Saved) -> None:
    """In a browser that has loaded nothing yet, past any service worker. Raises PlaywrightError."""
    await context.add_cookies([_as_given(cookie) for cookie in map(dict, saved.cookies)])
    if not saved.local_storage:
        return
    sheet = context.pages[0]
    cdp = await context.new_cdp_session(sheet)
    await cdp.send("Network.enable")
    await cdp.send("Network.setBypassServiceWorker", {"bypass": True})
    await sheet.route("**/*", _answer_blank)
    try:
        await sheet.goto(saved.origin)
        await sheet.evaluate(_WRITE, dict(saved.local_storage))
        await sheet.goto("about:blank")
    finally:
        await sheet.unroute("**/*", _answer_blank)
        await cdp.detach()


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _answer_blank(route: Route) -> None:
    await route.fulfill(body=_BLANK, content_type="text/html")


def _as_given(cookie: dict[str, object]) -> SetCookieParam:
    names = ("name", "value", "domain", "path", "expires", "httpOnly", "secure", "sameSite", "partitionKey")
    # Playwright takes what it has given, less what it leaves open.
    return cast(SetCookieParam, {name: cookie[name] for name in names if cookie.get(name) is not None})
