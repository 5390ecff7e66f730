"""A simulated network with one linked browser and two people, for a whole file of tests, and how files go over it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.integration.simulator_driver import Browser, Phone, Simulator, browser_on

SEND_FILE = """async ([to, data, options]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const file = new File([bytes], options.filename ?? 'file', {type: options.mimetype});
  return WPP.chat.sendFileMessage(to, file, options);
}"""
FETCH = """async (key) => {
  const blob = await WPP.chat.downloadMedia(key);
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
}"""
ATTRIBUTES = """([key, names]) => {
  const message = WPP.whatsapp.MsgStore.get(key);
  return Object.fromEntries(names.map((name) => [name, message[name] ?? null]));
}"""


@dataclass(frozen=True)
class World:
    simulator: Simulator
    browser: Browser
    ana: Phone
    bruno: Phone
    # What the browser itself may say, where a test makes its requests fail.
    allowed: list[str] = field(default_factory=list)

    async def hand_in(self, data: bytes, **options: Any) -> dict[str, Any]:
        """Sends to Bruno by the page's own client; what the client says of it."""
        sent: dict[str, Any] = await self.browser.js(SEND_FILE, [self.bruno.jid, b64(data), options])
        return sent

    async def send(self, data: bytes, **options: Any) -> dict[str, Any]:
        """The same, and what Bruno's phone has of it then."""
        sent = await self.hand_in(data, **options)
        assert sent["sendMsgResult"]["messageSendResult"] == "OK", sent
        return await self.bruno.message(self.ana, sent["id"])

    async def refused(self, data: bytes, **options: Any) -> str:
        """The code or the name of what sending throws."""
        script = f"(a) => ({SEND_FILE})(a).then((r) => 'sent ' + JSON.stringify(r), (e) => e.code ?? e.name)"
        return str(await self.browser.js(script, [self.bruno.jid, b64(data), options]))

    async def file_of(self, message: dict[str, Any]) -> bytes:
        answer = await self.simulator.http.get(message["media"]["path"])
        assert answer.is_success, answer.text
        return answer.content

    async def receive(self, kind: str, **fields: Any) -> str:
        """Bruno sends it from his phone; its key in the page, once it is there."""
        body = {"to": self.ana.number, "type": kind, **fields}
        sent = await self.bruno.call("POST", "/messages", body, 201)
        key = f"false_{self.bruno.jid}_{sent['id']}"
        await self.browser.wait_for("(key) => Boolean(WPP.whatsapp.MsgStore.get(key))", key)
        return key

    async def seen(self, key: str, *names: str) -> dict[str, Any]:
        seen: dict[str, Any] = await self.browser.js(ATTRIBUTES, [key, names])
        return seen

    async def fetch(self, key: str) -> str:
        """The hash of what the page's client downloads."""
        return str(await self.browser.js(FETCH, key))


@pytest_asyncio.fixture(name="world", scope="module", loop_scope="module")
async def linked_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    simulator = Simulator(tmp_path_factory.mktemp("network"))
    profile = tmp_path_factory.mktemp("profile")
    async with simulator.running(), async_playwright() as playwright, browser_on(playwright, profile) as browser:
        ana = await simulator.account("5511900000001", "Ana")
        bruno = await simulator.account("5511900000002", "Bruno", auto_read=True)
        await browser.open(simulator.url)
        await browser.link(ana)
        world = World(simulator, browser, ana, bruno)
        yield world
        assert [line for line in browser.console if not any(one in line for one in world.allowed)] == []


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
