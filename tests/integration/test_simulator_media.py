"""Files between the page and people's phones on the simulated WhatsApp: sent by unmodified wa-js, fetched by it."""

import base64
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import async_playwright

from tests.corpus import documents, pictures
from tests.corpus.files import made
from tests.integration.simulator_driver import Browser, Phone, Simulator, browser_on

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND_FILE = """async ([to, data, options]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const file = new File([bytes], options.filename ?? 'file', {type: options.mimetype});
  return WPP.chat.sendFileMessage(to, file, options);
}"""
FETCH = """async (key) => {
  const blob = await WPP.chat.downloadMedia(key);
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  const hex = [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
  return {size: blob.size, type: blob.type, sha256: hex};
}"""


@dataclass(frozen=True)
class World:
    """One server and one linked browser for the whole file."""

    simulator: Simulator
    browser: Browser
    ana: Phone
    bruno: Phone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    simulator = Simulator(tmp_path_factory.mktemp("network"))
    profile = tmp_path_factory.mktemp("profile")
    async with simulator.running(), async_playwright() as playwright, browser_on(playwright, profile) as browser:
        ana = await simulator.account("5511900000001", "Ana")
        bruno = await simulator.account("5511900000002", "Bruno", auto_read=True)
        await browser.open(simulator.url)
        await browser.link(ana)
        yield World(simulator, browser, ana, bruno)
        assert browser.console == []


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def send(world: World, data: bytes, **options: Any) -> dict[str, Any]:
    """Sends by the page; what Bruno's phone has of it then."""
    sent = await world.browser.js(SEND_FILE, [world.bruno.jid, b64(data), options])
    assert sent["sendMsgResult"]["messageSendResult"] == "OK", sent
    return await world.bruno.message(world.ana, sent["id"])


async def file_of(world: World, message: dict[str, Any]) -> bytes:
    answer = await world.simulator.http.get(message["media"]["path"])
    assert answer.is_success, answer.text
    return answer.content


async def test_a_picture_sent_by_the_page_is_seen_on_the_phone(world: World) -> None:
    data = made(pictures.jpeg)
    message = await send(world, data, type="image", mimetype="image/jpeg", filename="a.jpg", caption="look")
    arrived = await file_of(world, message)
    with Image.open(io.BytesIO(arrived)) as image, Image.open(io.BytesIO(data)) as original:
        assert (image.width, image.height) == (message["media"]["width"], message["media"]["height"]) == original.size
    assert (message["type"], message["text"]) == ("image", "look")
    assert (message["media"]["mime"], message["media"]["sha256"]) == ("image/jpeg", sha256(arrived))
    assert message["media"]["has_thumbnail"]


async def test_a_document_arrives_as_it_was(world: World) -> None:
    data = made(documents.text)
    message = await send(world, data, type="document", mimetype="text/plain", filename="notes.txt")
    assert await file_of(world, message) == data
    assert (message["type"], message["media"]["filename"]) == ("document", "notes.txt")
    assert message["media"]["sha256"] == sha256(data)


async def test_what_a_person_sends_is_fetched_and_opened_by_the_page(world: World) -> None:
    for kind, data in (("image", made(pictures.jpeg)), ("document", made(documents.text))):
        body = {"to": world.ana.number, "type": kind, "data": b64(data), "filename": "f", "text": f"a {kind}"}
        sent = await world.bruno.call("POST", "/messages", body, 201)
        key = f"false_{world.bruno.jid}_{sent['id']}"
        await world.browser.wait_for("(key) => Boolean(WPP.whatsapp.MsgStore.get(key))", key)
        seen = await world.browser.js(
            "(key) => {const {type, caption, size} = WPP.whatsapp.MsgStore.get(key); return {type, caption, size};}",
            key,
        )
        assert seen == {"type": kind, "caption": f"a {kind}", "size": len(data)}
        assert (await world.browser.js(FETCH, key))["sha256"] == sha256(data)


async def test_a_reload_in_between_loses_nothing(world: World) -> None:
    sent = await world.bruno.call(
        "POST", "/messages", {"to": world.ana.number, "type": "document", "data": b64(b"x" * 999), "filename": "x.bin"}
    )
    key = f"false_{world.bruno.jid}_{sent['id']}"
    await world.browser.wait_for("(key) => Boolean(WPP.whatsapp.MsgStore.get(key))", key)
    await world.browser.page.reload()
    await world.browser.ready()
    await world.browser.online()
    assert (await world.browser.js(FETCH, key))["sha256"] == sha256(b"x" * 999)
