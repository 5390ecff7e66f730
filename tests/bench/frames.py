"""From the page's event of an incoming message to its WebSocket frame, with one session and with five; and to its
webhook."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.figures import Figure, spread, tell
from tests.bench.stage import Stage, friend, owner, stage

PER_SECOND = 5
SECONDS = 10
WAIT_SECONDS = 15


async def measure(waypost: Stage) -> list[Figure]:
    """Times from a session's page to the frame, and, when there is one session, to the webhook."""
    count = len(waypost.sessions)
    frames: dict[str, float] = {}
    async with _following(waypost, frames):
        if count == 1:
            await _register(waypost)
        await asyncio.gather(*(_talk(waypost, number, f"warm {number}", 1) for number in range(count)))
        await asyncio.gather(*(_talk(waypost, number, f"s{number}", SECONDS) for number in range(count)))
        wanted = {f"s{number} {turn}" for number in range(count) for turn in range(SECONDS * PER_SECOND)}
        places: list[Mapping[str, float]] = [frames, waypost.notes.in_page]
        if count == 1:
            places.append(waypost.notes.by_webhook)
        await _until_there(wanted, places)
    seen = waypost.notes.in_page
    sessions = "one session" if count == 1 else f"{count} sessions"
    took = [frames[text] - seen[text] for text in wanted]
    aims = {"p50": 15.0, "p99": 100.0}
    figures = spread(f"page event → WebSocket frame, {sessions} with {PER_SECOND} a second each", took, **aims)  # type: ignore[arg-type]
    if count == 1:
        hooks = [waypost.notes.by_webhook[text] - seen[text] for text in wanted]
        figures += spread("page event → webhook received", hooks)
    return figures


async def _register(waypost: Stage) -> None:
    with waypost.house.api() as api:
        api.post("/v1/webhooks", json={"url": f"{waypost.notes.url}/hook"}).raise_for_status()


@asynccontextmanager
async def _following(waypost: Stage, frames: dict[str, float]) -> AsyncIterator[None]:
    """One client that follows all sessions, and notes when it got which text."""
    url = waypost.house.status["url"].replace("http", "ws", 1) + "/v1/ws"
    headers = {"x-api-key": waypost.house.status["api_key"]}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        for session in waypost.sessions:
            await socket.send(json.dumps({"action": "subscribe", "session_id": session}))
        listener = asyncio.create_task(_listen(socket, frames))
        try:
            yield
        finally:
            listener.cancel()


async def _listen(socket: ClientConnection, frames: dict[str, float]) -> None:
    async for frame in socket:
        now = time.time() * 1000
        event = json.loads(frame)
        if str(event.get("type")).endswith("message_received"):
            frames.setdefault(event["data"]["text"], now)


async def _talk(waypost: Stage, session: int, words: str, seconds: int) -> None:
    """Friends write to a session's phone at an even pace."""
    url = waypost.house.status["simulator_url"]
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as phones:
        began = time.monotonic() + session * 0.037  # not all at the same instant
        for turn in range(seconds * PER_SECOND):
            await asyncio.sleep(max(0.0, began + turn / PER_SECOND - time.monotonic()))
            body = {"to": owner(session), "text": f"{words} {turn}"}
            (await phones.post(f"/control/accounts/{friend(turn)}/messages", json=body)).raise_for_status()


async def _until_there(wanted: set[str], places: list[Mapping[str, float]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not all(wanted <= place.keys() for place in places):  # noqa: ASYNC110  # filled by other threads
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    with stage(int(sys.argv[1])) as found:
        tell(asyncio.run(measure(found)))
