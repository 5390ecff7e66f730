"""Fetching a file from a URL that somebody gave: only from the public internet, and bounded in size, time and hops.

Each hop of a redirect is a request of its own: its URL is checked as the first one was, and its connection goes to an
address that passed (checked_connections.py). No cookies, no credentials, nothing kept between two files. What the
server says of size and type is not believed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from ssl import SSLContext
from urllib.parse import unquote, urljoin, urlsplit

import httpcore
import httpx

from waypost.domain.media_names import plain_name
from waypost.domain.media_refusals import refusal
from waypost.errors import MediaRefused, NetworkError, ValidationError
from waypost.services.checked_connections import CheckedBackend, Deadline
from waypost.services.targets import Resolve, check_url, resolve_by_system

SECONDS = 120.0  # in all, with every redirect
READ_SECONDS = 15.0  # between two pieces
MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # the same request may be answered a moment later
_PAGES = ("text/html", "application/xhtml+xml")
_HEADERS = (("accept", "*/*"), ("accept-encoding", "identity"), ("user-agent", "Waypost"), ("connection", "close"))


class TryAgain(Exception):
    """It may go well later. `refused` is what to say when it never does; `after` is how many seconds the server asked
    to wait."""

    def __init__(self, refused: MediaRefused, after: float = 0.0) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """A file that arrives. `name` is what the server calls it, or the end of its URL's path."""

    name: str | None
    pieces: Iterator[bytes]


class Fetcher:
    """Safe to share between threads; a fetch is one thread's work from start to end."""

    def __init__(
        self,
        *,
        allow_private: bool,
        resolve: Resolve = resolve_by_system,
        tls: SSLContext | None = None,
        seconds: float = SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._allow_private = allow_private
        self._seconds, self._read_seconds = seconds, read_seconds
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_keepalive_connections=0,
            network_backend=CheckedBackend(allow_private, resolve, self._deadline),
        )

    @contextmanager
    def fetch(self, url: str, *, limit: int) -> Iterator[Answer]:
        """What the URL gives, at most `limit` bytes. Raises MediaRefused `url_…`, and TryAgain, also while the pieces
        are read."""
        ends = self._deadline.at = time.monotonic() + self._seconds
        try:
            with self._followed(url, MAX_REDIRECTS) as (last, response):
                _check(response, limit)
                yield Answer(_name(response, last), _bounded(response, limit, ends))
        except MediaRefused:
            raise
        except (httpx.InvalidURL, ValidationError):
            raise refusal("url_refused") from None
        except httpcore.ReadTimeout:
            raise TryAgain(refusal("url_too_slow")) from None
        except (NetworkError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            raise TryAgain(refusal("url_unreachable")) from None

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _followed(self, url: str, left: int) -> Iterator[tuple[str, httpcore.Response]]:
        """The last of the redirects, and its URL."""
        with self._request(url) as response:
            to = _header(response, b"location") if response.status in _REDIRECTS else ""
            if not to:
                yield url, response
                return
        if not left:
            raise refusal("url_redirects", limit=MAX_REDIRECTS)
        with self._followed(urljoin(url, to), left - 1) as found:
            yield found

    @contextmanager
    def _request(self, url: str) -> Iterator[httpcore.Response]:
        check_url(url, allow_private=self._allow_private)
        where = httpx.URL(url)
        target = httpcore.URL(scheme=where.raw_scheme, host=where.raw_host, port=where.port, target=where.raw_path)
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._read_seconds)
        fields: list[tuple[bytes | str, bytes | str]] = [("host", where.netloc), *_HEADERS]
        with self._pool.stream("GET", target, headers=fields, extensions={"timeout": waits}) as response:
            yield response


def _check(response: httpcore.Response, limit: int) -> None:
    """Whether the answer is a file. Raises MediaRefused, TryAgain."""
    if response.status != 200:
        refused = refusal("url_status", status=response.status)
        if response.status in _PASSING:
            raise TryAgain(refused, _seconds(_header(response, b"retry-after")))
        raise refused
    if _header(response, b"content-type").partition(";")[0].strip().lower() in _PAGES:
        raise refusal("url_page")
    if _header(response, b"content-encoding").strip().lower() not in ("", "identity"):
        raise refusal("url_compressed")
    if _seconds(_header(response, b"content-length")) > limit:
        raise refusal("url_too_large", limit=limit)


def _bounded(response: httpcore.Response, limit: int, ends: float) -> Iterator[bytes]:
    """Counted, and watched by the clock: each piece may come in time and all of them not."""
    size = 0
    for piece in response.iter_stream():
        size += len(piece)
        if size > limit:
            raise refusal("url_too_large", limit=limit)
        if time.monotonic() > ends:
            raise TryAgain(refusal("url_too_slow"))
        yield piece


def _name(response: httpcore.Response, url: str) -> str | None:
    said = Message()
    said["content-disposition"] = _header(response, b"content-disposition")
    try:
        named = said.get_filename()
    except (LookupError, ValueError):  # in an encoding that there is not
        named = None
    return plain_name(named or unquote(urlsplit(url).path.rpartition("/")[2]))


def _header(response: httpcore.Response, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in response.headers if name.lower() == wanted), "")


def _seconds(value: str) -> float:
    """A number of a header; what is none counts as 0."""
    return float(value) if value.strip().isdecimal() and len(value) < 20 else 0.0
