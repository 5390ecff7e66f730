"""HTTP connections that only go to checked addresses, kept open between posts.

The check sits where the socket is opened: whatever a name means a moment later, the connection goes to the address
that passed, and TLS still verifies the host name. httpcore itself follows no redirects and reads no proxy settings.
"""

import threading
import time
from collections.abc import Iterable
from ssl import SSLContext

import httpcore
import httpx

from waypost.errors import NetworkError, ValidationError
from waypost.services.targets import (
    RESOLVE_SECONDS,
    Resolve,
    check_url,
    checked_addresses,
    in_time,
    resolve_by_system,
)

READ_AT_MOST = 64 * 1024  # of a response, to have the connection back; nobody looks at it
_CONNECT_SECONDS = 4.0  # per address, so that one that is silent leaves time for the next
_SHORTEST_SECONDS = 0.001


class WebhookTransport:
    """A pool of connections. Safe to share between threads; a post is one thread's work from start to end."""

    def __init__(
        self, *, allow_private: bool, resolve: Resolve = resolve_by_system, tls: SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=_CheckedBackend(allow_private, resolve, self._deadline),
        )

    def post(self, url: str, headers: dict[str, str], body: bytes, *, timeout: float) -> tuple[int, str | None]:
        """The status and the Retry-After header. `timeout` (seconds) bounds the post in all, however slow the drip.

        Raises NetworkError, and ValidationError `webhook_target_refused`.
        """
        check_url(url, allow_private=self._allow_private)
        self._deadline.at = time.monotonic() + timeout
        waits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        try:
            where = httpx.URL(url)
            target = httpcore.URL(scheme=where.raw_scheme, host=where.raw_host, port=where.port, target=where.raw_path)
            fields: list[tuple[bytes | str, bytes | str]] = [
                ("host", where.netloc),
                ("content-length", str(len(body))),
                *headers.items(),
            ]
            with self._pool.stream(
                "POST", target, headers=fields, content=body, extensions={"timeout": waits}
            ) as response:
                read = 0
                for piece in response.iter_stream():
                    read += len(piece)
                    if read >= READ_AT_MOST:
                        break
                return response.status, _retry_after(response)
        except httpx.InvalidURL:
            raise ValidationError("The webhook's URL is malformed.", code="webhook_target_refused") from None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NetworkError(f"The webhook could not be delivered ({type(error).__name__}).") from None

    def close(self) -> None:
        self._pool.close()


class _Deadline(threading.local):
    """When the calling thread's post must be over, by the monotonic clock."""

    at: float = 0.0

    def left(self, at_most: float | None) -> float:
        left = max(_SHORTEST_SECONDS, self.at - time.monotonic())
        return left if at_most is None else min(left, at_most)


class _CheckedBackend(httpcore.NetworkBackend):
    def __init__(self, allow_private: bool, resolve: Resolve, deadline: _Deadline) -> None:
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
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends at the post's deadline, because httpcore's time limits are per step."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
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
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _retry_after(response: httpcore.Response) -> str | None:
    return next((value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"), None)
