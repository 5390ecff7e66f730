"""The demo as a user of Waypost: its HTTPS API, and its events over WebSocket, both by the local authority's TLS."""

import asyncio
import json
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from websockets.asyncio.client import ClientConnection, connect

POLL_SECONDS = 0.1

type Found = tuple[dict[str, Any], float]  # an event, and when it arrived by the monotonic clock


class Refused(Exception):
    """The API answered with a problem."""


@dataclass(frozen=True, slots=True)
class Client:
    http: httpx.AsyncClient

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused."""
        answer = await self.http.post(path, json=body, headers={"idempotency-key": str(uuid.uuid4())})
        return _json(answer)

    async def get(self, path: str) -> dict[str, Any]:
        """Raises Refused."""
        return _json(await self.http.get(path, headers={"accept": "application/json"}))

    async def qr(self, session: str, *, other_than: str | None, seconds: float) -> str:
        """The session's next code, once there is one. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                answer = await self.http.get(f"/v1/sessions/{session}/qr", headers={"accept": "application/json"})
                if answer.is_success and answer.json()["code"] != other_than:
                    return cast(str, answer.json()["code"])
                await asyncio.sleep(POLL_SECONDS)

    async def until_status(self, session: str, wanted: str, seconds: float) -> None:
        """Raises TimeoutError, which says what the status was at last."""
        status = "unknown"
        try:
            async with asyncio.timeout(seconds):
                while status != wanted:
                    await asyncio.sleep(POLL_SECONDS)
                    status = (await self.get(f"/v1/sessions/{session}"))["status"]
        except TimeoutError:
            raise TimeoutError(f"the session is still {status!r}, not {wanted!r}") from None


@asynccontextmanager
async def api_client(url: str, api_key: str, trust: ssl.SSLContext) -> AsyncIterator[Client]:
    headers = {"x-api-key": api_key}
    async with httpx.AsyncClient(base_url=url, headers=headers, verify=trust, timeout=30, trust_env=False) as http:
        yield Client(http)


@dataclass(slots=True)
class Events:
    """What came over the WebSocket so far."""

    socket: ClientConnection
    seen: list[Found] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for frame in self.socket:
            self.seen.append((json.loads(frame), time.monotonic()))
            self._news.set()

    async def subscribe(self, session: str, seconds: float) -> None:
        await self.socket.send(json.dumps({"action": "subscribe", "session_id": session, "after": 0}))
        await self.until(lambda frame: frame.get("type") == "subscribed", seconds)

    async def until(self, fits: Callable[[dict[str, Any]], bool], seconds: float) -> Found:
        """The first event that fits, among those that came or will come. Raises TimeoutError."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for frame, at in self.seen:
                        if fits(frame):
                            return frame, at
                    await self._news.wait()
        except TimeoutError:
            seen = ", ".join(str(frame.get("type")) for frame, _ in self.seen) or "nothing"
            raise TimeoutError(f"it did not come within {seconds:.0f} s; what came: {seen}") from None


@asynccontextmanager
async def events(url: str, api_key: str, trust: ssl.SSLContext) -> AsyncIterator[Events]:
    async with connect(url, additional_headers={"x-api-key": api_key}, ssl=trust, proxy=None) as socket:
        found = Events(socket)
        listener = asyncio.create_task(found.listen())
        try:
            yield found
        finally:
            listener.cancel()


def _json(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Refused(f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}")
    return cast(dict[str, Any], answer.json())
