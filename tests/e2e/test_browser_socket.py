"""A page in a real browser follows a session: its key goes as a WebSocket subprotocol, never in the address."""

import os
from typing import Any

from playwright.async_api import async_playwright

from tests.e2e.house import House

CHROMIUM = os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")

# Connects, asks for a pong, and gives what happened.
ASK = """([url, key]) => new Promise((resolve) => {
  const socket = new WebSocket(url, key ? ['waypost.v1', `key.${key}`] : ['waypost.v1']);
  socket.onopen = () => socket.send(JSON.stringify({action: 'ping'}));
  socket.onmessage = ({data}) => { resolve({protocol: socket.protocol, answer: JSON.parse(data)}); socket.close(); };
  socket.onerror = () => resolve({refused: true});
})"""


async def test_a_page_connects_with_its_key_as_a_subprotocol(house: House) -> None:
    url = house.status["url"].replace("http", "ws") + "/v1/ws"
    assert await _ask(house, url, house.status["api_key"]) == {"protocol": "waypost.v1", "answer": {"type": "pong"}}
    assert await _ask(house, url, "wp_key_00000000000000000000000000_wrong") == {"refused": True}
    assert await _ask(house, url, None) == {"refused": True}


async def _ask(house: House, url: str, key: str | None) -> Any:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            await page.goto(house.status["docs_url"], wait_until="commit")
            return await page.evaluate(ASK, [url, key])
        finally:
            await browser.close()
