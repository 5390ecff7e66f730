"""A session's browser reaches WhatsApp by its proxy and nothing else by anything (decision 15, R-SAFE-3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from containers.worker.browser import Place, running
from containers.worker.identity import Identity
from containers.worker.outlet import Outlet
from tests.integration.proxies import PASSWORD, USERNAME, CountingProxy
from tests.integration.worker_driver import browser_pids, command_line
from waypost.domain.egress import Proxy

# Asks for everything that a page can ask for, and says what came of it.
ASK = """async (url) => {
  const get = (to) => fetch(to, {mode: 'no-cors'}).then(() => 'reached', () => 'refused');
  const call = (to) => new Promise((resolve) => {
    const socket = new WebSocket(to);
    socket.onopen = () => { resolve('reached'); socket.close(); };
    socket.onerror = () => resolve('refused');
  });
  const other = url.replace('page.example', 'elsewhere.example');
  const near = url.replace('page.example', '127.0.0.1');
  const ws = (to) => to.replace('http', 'ws');
  return {own: await get(url), own_ws: await call(ws(url)), other: await get(other), other_ws: await call(ws(other)),
    near: await get(near), near_ws: await call(ws(near))};
}"""


@dataclass
class Site:
    """What answers on loopback, whatever name it was asked by. `callers` are the ports that called."""

    port: int = 0
    callers: set[int] = field(default_factory=set)
    sockets: int = 0

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.callers.add(connection.remote_address[1])
        if request.headers.get("Upgrade") == "websocket":
            self.sockets += 1
            return None
        page = b"<!doctype html><title>page</title>"
        return Response(200, "OK", Headers({"Content-Type": "text/html", "Content-Length": str(len(page))}), page)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    found = Site()

    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, process_request=found.answer) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@asynccontextmanager
async def way_out(proxy: CountingProxy, *, password: str = PASSWORD) -> AsyncIterator[tuple[Outlet, list[str]]]:
    await proxy.start()
    told: list[str] = []
    outlet = Outlet(Proxy(proxy.server, USERNAME, password), ["page.example"], on_trouble=told.append)
    try:
        yield outlet, told
    finally:
        outlet.close()
        proxy.stop()


@pytest.mark.parametrize("socks", [False, True])
async def test_everything_goes_by_the_proxy_and_only_to_whatsapp(tmp_path: Path, socks: bool) -> None:
    place = Place("ses_test", tmp_path / "profile", tmp_path / "run")
    proxy = CountingProxy(socks=socks)
    async with site() as there, way_out(proxy) as (outlet, told), async_playwright() as playwright:
        url = f"http://page.example:{there.port}/"
        async with running(playwright, place, Identity(proxy=await outlet.open()), url) as browser:
            await browser.page.open(url)  # a name that nobody here resolves: the proxy does
            sheet = browser.context.pages[0]
            found: dict[str, Any] = await sheet.evaluate(ASK, url)
            lines = [line for pid in browser_pids(place.profile) for line in command_line(pid)]
        assert found == {
            "own": "reached", "own_ws": "reached", "other": "refused", "other_ws": "refused",
            "near": "refused", "near_ws": "refused",
        }  # fmt: skip
        assert there.sockets == 1
        assert there.callers, "nothing arrived"
        assert there.callers <= proxy.ports, "something went around the proxy"
        assert set(proxy.asked) == {f"page.example:{there.port}"}
        assert not [line for line in lines if PASSWORD in line or USERNAME in line], "seen in the list of processes"
        assert told == []


async def test_another_process_cannot_use_the_outlet() -> None:
    proxy = CountingProxy()
    async with site() as there, way_out(proxy) as (outlet, _):
        door = await outlet.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(f"CONNECT page.example:{there.port} HTTP/1.1\r\n\r\n".encode())
        assert b" 407 " in await reader.readline()
        writer.close()
        assert proxy.asked == []


async def test_a_dead_proxy_fails_closed_says_so_and_heals() -> None:
    proxy = CountingProxy()
    async with site() as there, way_out(proxy) as (outlet, told):
        proxy.stop()
        assert await _tunnel(outlet, there.port) == 502
        assert (outlet.trouble, told) == ("proxy_unreachable", ["proxy_unreachable"])
        assert there.callers == set()
        await proxy.start()
        assert await _tunnel(outlet, there.port) == 200
        assert outlet.trouble is None


@pytest.mark.parametrize("socks", [False, True])
async def test_a_proxy_that_refuses_the_password_is_told_apart(socks: bool) -> None:
    async with site() as there, way_out(CountingProxy(socks=socks), password="wrong") as (outlet, told):
        assert await _tunnel(outlet, there.port) == 502
        assert told == ["proxy_refused"]
        assert there.callers == set()


async def _tunnel(outlet: Outlet, port: int) -> int:
    import base64

    door = await outlet.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    given = base64.b64encode(f"{door.username}:{door.password}".encode()).decode()
    writer.write(f"CONNECT page.example:{port} HTTP/1.1\r\nProxy-Authorization: Basic {given}\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status
