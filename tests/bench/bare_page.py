"""The floor of any client: a bare page with wa-js under Playwright, nothing kept, nothing durable."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from containers.worker.browser import LEAN_FLAGS
from containers.worker.script import WA_JS

_BEFORE = "window.WPPConfig = {disableGoogleAnalytics: true, poweredBy: null};\n"
_READY = "window.WPP?.isFullReady === true"
_CODE = "async () => (await WPP.conn.getAuthCode())?.fullCode ?? null"
_LINKED = "WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()"
_SEND = """async ([chats, atOnce]) => {
  const acked = new Map();
  const told = new Map();
  WPP.whatsapp.MsgStore.on('change:ack', (message) => {
    if (message.ack < 1) return;
    acked.set(message.id.id, performance.now());
    told.get(message.id.id)?.();
  });
  const took = [];
  const all = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < chats.length) {
      const chat = chats[next];
      next += 1;
      const began = performance.now();
      const how = { waitForAck: false, markIsRead: false, linkPreview: false };
      const sent = await WPP.chat.sendTextMessage(chat, 'text', how);
      const id = String(sent.id).split('_').pop();
      if (!acked.has(id)) await new Promise((resolve) => told.set(id, resolve));
      took.push(acked.get(id) - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { ms: took, seconds: (performance.now() - all) / 1000 };
}"""


@asynccontextmanager
async def bare_page(url: str, profile: Path) -> AsyncIterator[Page]:
    chromium = os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=list(LEAN_FLAGS)
        )
        try:
            await context.add_init_script(_BEFORE + WA_JS.read_text(encoding="utf-8"))
            page = context.pages[0]
            await page.goto(url)
            await page.wait_for_function(_READY)
            yield page
        finally:
            await context.close()


async def code(page: Page) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = await page.evaluate(_CODE)
        if found:
            return str(found)
        await asyncio.sleep(0.1)
    raise TimeoutError("the bare page shows no code")


async def until_linked(page: Page) -> None:
    await page.wait_for_function(_LINKED)


async def send(page: Page, chats: list[str], *, at_once: int) -> tuple[list[float], float]:
    """Milliseconds from each call to its acknowledgement, and the seconds of all."""
    done: dict[str, Any] = await page.evaluate(_SEND, [chats, at_once])
    return done["ms"], done["seconds"]
