"""A small receiver of webhooks on loopback, which believes nothing that is not signed (Standard Webhooks)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.addresses import HOST
from infra.local.serve import Server
from waypost.client import BadSignature, Event, verify_webhook


@dataclass(slots=True)
class Receiver:
    url: str = ""
    secret: str = ""
    refused: int = 0
    seen: list[tuple[Event, float]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        try:
            event = verify_webhook(request.headers, body, self.secret)
        except BadSignature:
            self.refused += 1
            return Response(status_code=401)
        self.seen.append((event, time.monotonic()))
        self._news.set()
        return Response(status_code=204)

    async def until(self, fits: Callable[[Event], bool], seconds: float) -> float:
        """When the first one that fits arrived, by the monotonic clock. Raises TimeoutError."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for event, at in self.seen:
                        if fits(event):
                            return at
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(
                f"it did not come within {seconds:.0f} s; {len(self.seen)} others came, "
                f"{self.refused} were not signed as they should be"
            ) from None


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = Starlette(routes=[Route("/webhook", found.receive, methods=["POST"])])
    server = Server(uvicorn.Config(app, host=HOST, port=0, lifespan="off", log_config=None, access_log=False))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
        await asyncio.sleep(0.005)
    found.url = f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}/webhook"
    try:
        yield found
    finally:
        server.should_exit = True
        await task
