"""Connections that only go to checked addresses, and end in time: what webhooks and fetched files share.

The check sits where the socket is opened: whatever a name means a moment later, the connection goes to the address
that passed, and TLS still verifies the host name. httpcore itself follows no redirects and reads no proxy settings.
"""

import threading
import time
from collections.abc import Iterable
from ssl import SSLContext

import httpcore

from waypost.services.targets import RESOLVE_SECONDS, Resolve, checked_addresses, in_time

_CONNECT_SECONDS = 4.0  # per address, so that one that is silent leaves time for the next
_SHORTEST_SECONDS = 0.001


class Deadline(threading.local):
    """When what the calling thread does must be over, by the monotonic clock."""

    at: float = 0.0

    def left(self, at_most: float | None) -> float:
        left = max(_SHORTEST_SECONDS, self.at - time.monotonic())
        return left if at_most is None else min(left, at_most)


class CheckedBackend(httpcore.NetworkBackend):
    def __init__(self, allow_private: bool, resolve: Resolve, deadline: Deadline) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        resolve = in_time(self._resolve, self._deadline.left(RESOLVE_SECONDS))
        addresses = checked_addresses(host, port, allow_private=self._allow_private, resolve=resolve)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, local_address, socket_options, _CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, local_address, socket_options, timeout)

    def _connect(
        self,
        address: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
        at_most: float | None,
    ) -> httpcore.NetworkStream:
        stream = self._sockets.connect_tcp(address, port, self._deadline.left(at_most), local_address, socket_options)
        return TimedStream(stream, self._deadline)


class TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends at the deadline, because httpcore's time limits are per step."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
