"""Lets a person log a session in, in a real browser on this machine, and hands the profile over.

The browser shows the session's own locale, time zone, screen and way out, as the worker's will; it is new and thrown
away at the end. The account's phone sees one device: the one that is handed over.
"""

import asyncio
import base64
import getpass
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from containers.operator.api import Api
from containers.worker.browser import Browser, Place, hosts_of, running
from containers.worker.identity import Identity, chromium_version
from containers.worker.observations import CodeShown, LoginSeen, PasskeyAsked
from containers.worker.outlet import Outlet
from containers.worker.vault.handed_over import packed
from containers.worker.vault.manifest import Saved
from containers.worker.vault.page_state import origin_of, take_state
from containers.worker.vault.snapshot import has_login, inspect
from waypost.domain.egress import Proxy
from waypost.domain.handover import cut
from waypost.errors import BusinessRuleError, Conflict, NetworkError

_SETTLE_S = 3.0  # what the page still writes after it has caught up
_WORKER_S = 180.0


@dataclass(frozen=True, slots=True)
class Tools:
    """`browser` is Chromium's own binary. `say` tells the person how it goes."""

    browser: Path
    headless: bool
    say: Callable[[str], None]


async def link(session: str, api: Api, tools: Tools) -> None:
    """Raises WaypostError with what is wrong, httpx.HTTPError."""
    shown = await asyncio.to_thread(api.session)
    if shown["linked"]:
        raise Conflict("The session is linked already.", mend="Log it out first, or link another one.")
    _compare_versions(shown, tools)
    if shown["status"] != "stopped":
        await asyncio.to_thread(api.stop)
    begun = await asyncio.to_thread(api.begin)
    try:
        sealed = await _log_in(session, begun, tools)
        for number, part in enumerate(sealed, start=1):
            await asyncio.to_thread(api.send, begun["epoch"], number, part)
        await asyncio.to_thread(api.complete, begun["epoch"], len(sealed))
    except BaseException:
        await asyncio.to_thread(api.abandon)
        raise
    tools.say("Handed over. A worker takes the session up.")
    await _await_worker(api, tools)


async def _log_in(session: str, begun: dict[str, Any], tools: Tools) -> list[bytes]:
    url = begun["whatsapp_url"]
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-link-")))
        place = Place(session, home / "profile", home / "run")
        playwright = await stack.enter_async_context(async_playwright())
        identity = await _identity(begun["device"], url, tools, stack)
        async with running(playwright, place, identity, url, window=not tools.headless) as browser:
            await browser.page.open(url)
            tools.say("WhatsApp is open: link it with the phone (Settings, Linked devices, Link a device).")
            saved = await _until_linked(browser, url, tools, begun)
        # Closed by now: everything is written.
        snapshot = await asyncio.to_thread(inspect, place.profile)
        if snapshot.torn is not None or not has_login(place.profile):
            raise BusinessRuleError(
                "The browser did not leave a whole profile.",
                mend="Remove the device on the phone, then begin again.",
                code="profile_not_whole",
            )
        data = packed(snapshot, saved, chromium=browser.chromium, taken_ms=time.time_ns() // 1_000_000)
    key = base64.b64decode(begun["key"])
    return cut(data, key=key, session=session, epoch=begun["epoch"], part_bytes=begun["part_bytes"])


async def _until_linked(browser: Browser, url: str, tools: Tools, begun: dict[str, Any]) -> Saved:
    """Follow the page until it is logged in and caught up; what has to be taken over beside its files."""
    following: asyncio.Future[Any] = asyncio.create_task(_follow(browser, tools))
    seconds = _seconds_left(begun["expires_at"])
    try:
        ways: set[asyncio.Future[Any]] = {following, browser.ended}
        done, _ = await asyncio.wait(ways, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if following not in done or not following.result():
            raise NetworkError(
                "The browser was closed, or the time ran out, before the account was linked.",
                mend="Begin again.",
                code="not_linked",
            )
        await asyncio.sleep(_SETTLE_S)
        return await take_state(browser, origin_of(url))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _follow(browser: Browser, tools: Tools) -> bool:
    async for batch in browser.page.feed:
        await browser.page.settle(batch)
        for seen in batch.observations:
            if isinstance(seen, PasskeyAsked):
                tools.say("WhatsApp asks for a passkey: answer it in the window.")
            elif isinstance(seen, CodeShown) and seen.code:
                tools.say("A code is shown.")
            elif isinstance(seen, LoginSeen) and seen.working:
                tools.say("Linked and caught up.")
                return True
    return False


async def _identity(device: dict[str, Any], url: str, tools: Tools, stack: AsyncExitStack) -> Identity:
    defaults = Identity()
    viewport = device["viewport"] or {}
    proxy = _proxy(device)
    if proxy is not None:
        outlet = Outlet(proxy, hosts_of(url), on_trouble=lambda why: tools.say(f"The session's proxy: {why}."))
        stack.callback(outlet.close)
        proxy = await outlet.open()
    return Identity(
        locale=device["locale"] or defaults.locale,
        timezone=device["timezone"] or defaults.timezone,
        viewport=(viewport.get("width", defaults.viewport[0]), viewport.get("height", defaults.viewport[1])),
        proxy=proxy,
        chromium=tools.browser,
    )


def _proxy(device: dict[str, Any]) -> Proxy | None:
    """The session's own way out, here too: WhatsApp must not see it jump. Its password is not told by the API."""
    if device["proxy_server"] is None:
        return None
    if not device["proxy_has_credentials"]:
        return Proxy(device["proxy_server"])
    username = os.environ.get("WAYPOST_PROXY_USERNAME") or input("Name for the session's proxy: ")
    password = os.environ.get("WAYPOST_PROXY_PASSWORD") or getpass.getpass("Password for the session's proxy: ")
    return Proxy(device["proxy_server"], username, password)


def _compare_versions(shown: dict[str, Any], tools: Tools) -> None:
    known = shown["identity"].get("browser")
    here = chromium_version(tools.browser)
    if known and known.split(".")[0] != here.split(".")[0]:
        tools.say(f"Warning: this browser is {here}, the session's was {known}; an older one may not open its profile.")


def _seconds_left(expires_at: str) -> float:
    left = (datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds()
    return max(60.0, min(left, 1200.0) - 60.0)  # a wrong clock here must not make it endless; the rest is for sending


async def _await_worker(api: Api, tools: Tools) -> None:
    deadline = time.monotonic() + _WORKER_S
    while time.monotonic() < deadline:
        status = (await asyncio.to_thread(api.session))["status"]
        if status in ("working", "restricted"):
            tools.say("The session works.")
            return
        if status in ("scan_qr", "failed", "banned"):
            break
        await asyncio.sleep(0.5)
    raise BusinessRuleError(
        f"The worker did not get the session to work (it is {status}).",
        mend="Look at GET /v1/sessions/{id}; remove the device on the phone and begin again if it asks for a code.",
        code="not_taken_over",
    )
