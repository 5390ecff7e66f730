"""Posts to webhooks, on connections that only go to checked addresses and are kept open between posts."""

import time
from ssl import SSLContext

import httpcore
import httpx

from waypost.errors import NetworkError, ValidationError
from waypost.services.checked_connections import CheckedBackend, Deadline
from waypost.services.targets import Resolve, check_url, resolve_by_system

READ_AT_MOST = 64 * 1024  # of a response, to have the connection back; nobody looks at it


class WebhookTransport:
    """A pool of connections. Safe to share between threads; a post is one thread's work from start to end."""

    def __init__(
        self, *, allow_private: bool, resolve: Resolve = resolve_by_system, tls: SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=CheckedBackend(allow_private, resolve, self._deadline),
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


def _retry_after(response: httpcore.Response) -> str | None:
    return next((value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"), None)
