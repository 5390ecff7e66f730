"""Proxies of the outside world for tests: they want a name and a password, count what goes through, and can be gone."""

import asyncio
import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

USERNAME, PASSWORD = "tenant-7", "p4ss-\u00fc-word"


class CountingProxy:
    """HTTP CONNECT, or SOCKS5 when `socks` is set. Whatever the name, it connects to loopback: names are its business.
    `ports` are those from which it called, `asked` what it was asked for."""

    def __init__(self, *, socks: bool = False, password: str = PASSWORD) -> None:
        self.asked: list[str] = []
        self.ports: set[int] = set()
        self.turned_away = 0
        self.port = 0
        self._socks = socks
        self._password = password
        self._server: asyncio.Server | None = None

    @property
    def server(self) -> str:
        return f"{'socks5' if self._socks else 'http'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            port = await (self._greet_socks(reader, writer) if self._socks else self._greet(reader, writer))
            if port is not None:
                await self._pass_on(reader, writer, port)
        with suppress(OSError):
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        wanted = base64.b64encode(f"{USERNAME}:{self._password}".encode()).decode()
        if f"Proxy-Authorization: Basic {wanted}" not in lines:
            self.turned_away += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        assert method == "CONNECT"
        self.asked.append(target)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return int(target.rpartition(":")[2])

    async def _greet_socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        _, count = await reader.readexactly(2)
        assert 2 in await reader.readexactly(count)
        writer.write(b"\x05\x02")
        name = await reader.readexactly((await reader.readexactly(2))[1])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        if (name.decode(), password.decode()) != (USERNAME, self._password):
            self.turned_away += 1
            writer.write(b"\x01\x01")
            return None
        writer.write(b"\x01\x00")
        assert (await reader.readexactly(4))[3] == 3, "a name was resolved before it came here"
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append(f"{host}:{port}")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        return port

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        there, out = await asyncio.open_connection("127.0.0.1", port)
        self.ports.add(out.get_extra_info("sockname")[1])
        await asyncio.gather(_copy(reader, out), _copy(there, writer))


@contextmanager
def in_a_thread(proxy: CountingProxy) -> Iterator[Callable[[bool], None]]:
    """A proxy that runs beside a test that blocks. What is given turns it on (again) and off."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def turn(on: bool) -> None:
        if on:
            await proxy.start()
        else:
            proxy.stop()

    def switch(on: bool) -> None:
        asyncio.run_coroutine_threadsafe(turn(on), loop).result(10)

    switch(True)
    try:
        yield switch
    finally:
        switch(False)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    with suppress(OSError):
        target.close()
