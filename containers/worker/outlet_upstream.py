"""A connection to a host through a proxy: HTTP CONNECT (RFC 9110, 9.3.6), or SOCKS5 (RFC 1928, 1929).

The host's name is handed to the proxy and resolved there.
"""

import asyncio
import base64
import ssl
from dataclasses import dataclass

from waypost.domain.egress import Proxy

CONNECT_S = 15.0
_SAID_NO = frozenset({401, 403, 407})


@dataclass(frozen=True, slots=True)
class Streams:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class ProxyFailed(Exception):
    """`reason` is `proxy_unreachable`, or `proxy_refused` when it wants other credentials or does not serve us."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def connect_through(proxy: Proxy, host: str, port: int) -> Streams:
    """Raises ProxyFailed; never connects by another way."""
    try:
        async with asyncio.timeout(CONNECT_S):
            there = await _reach(proxy)
            try:
                await (
                    _socks(proxy, there, host, port) if proxy.scheme == "socks5" else _http(proxy, there, host, port)
                )
            except BaseException:
                there.writer.close()
                raise
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise ProxyFailed("proxy_unreachable") from None
    return there


async def _reach(proxy: Proxy) -> Streams:
    tls = ssl.create_default_context() if proxy.scheme == "https" else None
    return Streams(*await asyncio.open_connection(proxy.host, proxy.port, ssl=tls))


async def _http(proxy: Proxy, there: Streams, host: str, port: int) -> None:
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {name} HTTP/1.1", f"Host: {name}"]
    if proxy.username is not None:
        given = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {given}")
    there.writer.write("\r\n".join((*lines, "", "")).encode())
    await there.writer.drain()
    head = await there.reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if status // 100 != 2:
        raise ProxyFailed("proxy_refused" if status in _SAID_NO else "proxy_unreachable")


async def _socks(proxy: Proxy, there: Streams, host: str, port: int) -> None:
    there.writer.write(b"\x05\x01\x02" if proxy.username is not None else b"\x05\x01\x00")
    version, method = await there.reader.readexactly(2)
    if version != 5 or method not in (0, 2):
        raise ProxyFailed("proxy_refused")
    if method == 2:
        name, password = (proxy.username or "").encode(), (proxy.password or "").encode()
        there.writer.write(bytes([1, len(name)]) + name + bytes([len(password)]) + password)
        if (await there.reader.readexactly(2))[1] != 0:
            raise ProxyFailed("proxy_refused")
    target = host.encode("idna")
    there.writer.write(b"\x05\x01\x00\x03" + bytes([len(target)]) + target + port.to_bytes(2))
    _, answer, _, kind = await there.reader.readexactly(4)
    if answer != 0:
        raise ProxyFailed("proxy_refused" if answer == 2 else "proxy_unreachable")  # 2: not allowed by the ruleset
    rest = {1: 4, 4: 16}.get(kind)
    length = rest if rest is not None else (await there.reader.readexactly(1))[0]
    await there.reader.readexactly(length + 2)
