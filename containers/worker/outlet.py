"""A session's way out: a proxy on loopback that takes the browser's connections and passes them to the session's own.

It stands between the browser and the session's proxy because Chromium, behind a proxy, leaves names to that proxy, so
that rules of its resolver no longer say which hosts may be reached. The outlet says it; it keeps the proxy's name and
password out of the browser; it knows at once when the proxy is gone; and it never goes around it.

The browser names itself by a password of this outlet, so that another session's browser cannot use it.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from containers.worker.outlet_upstream import CONNECT_S, ProxyFailed, Streams, connect_through
from waypost.domain.egress import Proxy

_HEAD_BYTES = 64 * 1024
_CHUNK = 64 * 1024
_NAME = "waypost"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser wants: a tunnel, or (`request` is not empty) one plain request that is passed on."""

    host: str
    port: int
    request: bytes = b""


class Refused(Exception):
    """The status line of the answer to the browser."""


class Outlet:
    """`hosts` are the names that may be reached, `*` in front for all below. `trouble` is why the latest connection
    could not be made by the proxy, `proxy_unreachable` or `proxy_refused`; None once one was made again."""

    def __init__(self, proxy: Proxy, hosts: Sequence[str], *, on_trouble: Callable[[str], None]) -> None:
        self.trouble: str | None = None
        self._proxy = proxy
        self._hosts = tuple(hosts)
        self._on_trouble = on_trouble
        self._secret = secrets.token_urlsafe(24)
        self._server: asyncio.Server | None = None

    async def open(self) -> Proxy:
        """Listen; what the browser is to use as its proxy."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
        port = self._server.sockets[0].getsockname()[1]
        return Proxy(f"http://127.0.0.1:{port}", _NAME, self._secret)

    def close(self) -> None:
        """Take no more, and end what is open."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await self._read(reader)
            there = await self._connect(asked)
            if asked.request:
                there.writer.write(asked.request)
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(Streams(reader, writer), there)
        except Refused as refusal:
            writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # the browser went away, or spoke no HTTP
        finally:
            with suppress(OSError):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        async with asyncio.timeout(CONNECT_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [line for line in lines if line]
        named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in headers)}
        wanted = base64.b64encode(f"{_NAME}:{self._secret}".encode()).decode()
        if not secrets.compare_digest(named.get("proxy-authorization", ""), f"Basic {wanted}"):
            raise Refused('407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="waypost"')
        asked = _tunnel(target) if method == "CONNECT" else _plain(method, target, headers)
        if not any(fnmatchcase(asked.host.lower(), pattern) for pattern in self._hosts):
            raise _no(asked, "403 Forbidden")
        return asked

    async def _connect(self, asked: Asked) -> Streams:
        try:
            there = await connect_through(self._proxy, asked.host, asked.port)
        except ProxyFailed as failure:
            self.trouble = failure.reason
            self._on_trouble(failure.reason)
            raise _no(asked, "502 Bad Gateway") from None
        self.trouble = None
        return there


def _no(asked: Asked, status: str) -> Exception:
    """A tunnel that is refused is an error to the browser; a plain request would be shown the status as a page."""
    return ConnectionError() if asked.request else Refused(status)


def _tunnel(target: str) -> Asked:
    parts = urlsplit(f"//{target}")
    return Asked(parts.hostname or "", parts.port or 443)


def _plain(method: str, target: str, headers: Sequence[str]) -> Asked:
    """The request as the host itself gets it, alone on its connection."""
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname:
        raise Refused("400 Bad Request")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for line in headers if not line.lower().startswith(("proxy-", "connection:"))]
    request = "\r\n".join((f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""))
    return Asked(parts.hostname, parts.port or 80, request.encode("latin-1"))


async def _join(here: Streams, there: Streams) -> None:
    """Pass bytes both ways until one side ends."""
    ways = [asyncio.create_task(way) for way in (_pass(here, there), _pass(there, here))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        there.writer.close()


async def _pass(source: Streams, target: Streams) -> None:
    with suppress(OSError):
        while chunk := await source.reader.read(_CHUNK):
            target.writer.write(chunk)
            await target.writer.drain()
