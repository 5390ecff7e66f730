"""One Waypost, as its users see it: its API, and its events as they happen."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from waypost.client.bulk import Bulk, Pools, Queue
from waypost.client.consent import Consents, Templates
from waypost.client.events import Event, Place
from waypost.client.http import RETRY_SECONDS, Http
from waypost.client.live import Line, follow
from waypost.client.log import Log
from waypost.client.media import MediaFiles, Progress
from waypost.client.resources import Messages, Sessions, Webhooks
from waypost.client.shapes import Message, QrCode

_TIMEOUT_SECONDS = 35.0  # the gateway's own is 29 s: its answer is worth more than ours


class Waypost:
    """Use it with `async with`. Safe for many tasks of one event loop.

    `ca_file` is trusted instead of the system's authorities, for a Waypost on one machine its `tls/ca.pem`. In the
    cloud the WebSocket API has an address of its own: give it as `websocket_url`. No proxy is used but `proxy`.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        ca_file: str | Path | None = None,
        *,
        websocket_url: str | None = None,
        proxy: str | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        tls = ssl.create_default_context(cafile=ca_file) if urlsplit(url).scheme == "https" else None
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"x-api-key": api_key, "user-agent": "waypost-client/1"},
            verify=tls if tls is not None else True,
            timeout=_TIMEOUT_SECONDS,
            proxy=proxy,
            trust_env=False,
        )
        http = Http(self._client, retry_seconds=retry_seconds)
        self._log = Log(http)
        self._line = Line(websocket_url or _websocket_url(url), api_key, tls, proxy)
        self.sessions = Sessions(http)
        self.messages = Messages(http)
        self.media = MediaFiles(http)
        self.webhooks = Webhooks(http)
        self.queue = Queue(http)
        self.bulk = Bulk(http)
        self.pools = Pools(http)
        self.consents = Consents(http)
        self.templates = Templates(http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def qr(self, session_id: str) -> QrCode:
        """As `sessions.qr`."""
        return await self.sessions.qr(session_id)

    async def send_text(self, session_id: str, to: str, text: str, **more: Any) -> Message:
        """As `messages.send_text`."""
        return await self.messages.send_text(session_id, to, text, **more)

    async def send_file(
        self, session_id: str, to: str, path: str | Path, text: str | None = None, *, kind: str | None = None,
        progress: Progress = lambda _sent, _of: None, **more: Any,
    ) -> Message:  # fmt: skip
        """Upload a file of this machine and send it, as `media.upload` and `messages.send_file`. The message waits
        until the file is prepared."""
        media = await self.media.upload(Path(path), kind=kind, progress=progress)
        return await self.messages.send_file(session_id, to, media.id, text, **more)

    def events(
        self, session_id: str, after: Place | int | None = None, *, generation: int = 1
    ) -> AsyncGenerator[Event]:
        """A session's events behind `after`, without end: each once and in order, over whatever connections it takes.

        `after` is the `place` of the last event that you have; a number is one of `generation`; 0 is the beginning;
        None is now. Its connection is closed when you leave the loop and let go of it, or by `aclose`.
        Raises StreamEnded, Refused.
        """
        at = Place(generation, after) if isinstance(after, int) else after
        return follow(session_id, at, self._line, self._log)


def _websocket_url(url: str) -> str:
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/v1/ws", "", ""))
