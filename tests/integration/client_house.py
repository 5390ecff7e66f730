"""A gateway for the client's tests: a fake one that misbehaves by a script, and the real one as a process."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.local.builder import build
from infra.local.serve import Server
from waypost.bootstrap import App, join
from waypost.domain.event import Draft
from waypost.engines.embedded.engine import open_engine
from waypost.entities.head import get_head
from waypost.services.journal import Entry, append, batches
from waypost.services.nudges import nudge_consumers
from waypost.settings import Settings

SESSION = "ses_00000000000000000000000000"

type Script = Callable[["Conversation"], Awaitable[None]]


def document(sequence: int, generation: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"evt_{generation}_{sequence}",
        "type": "message_received",
        "time": "2026-11-22T12:00:00.000Z",
        "sessionid": SESSION,
        "generation": generation,
        "sequence": sequence,
        "data": {"text": f"{generation}.{sequence}"},
    } | more


@dataclass(slots=True)
class Conversation:
    """One connection as a script sees it."""

    socket: WebSocket
    asked: dict[str, Any]

    async def say(self, *frames: dict[str, Any]) -> None:
        for frame in frames:
            await self.socket.send_text(json.dumps(frame))

    async def confirm(self, after: int | None = None, generation: int | None = None) -> None:
        frame = {"type": "subscribed", "session_id": SESSION, "generation": generation or self.asked["generation"]}
        await self.say({**frame, "after": self.asked["after"] if after is None else after})

    async def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(await self.socket.receive_text())
        return heard


@dataclass(slots=True)
class FakeGateway:
    """Each connection follows the next script, the last one for ever. `log` is what GET /v1/events knows."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    fetched: list[dict[str, str]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)  # taken first, whatever is asked over HTTP
    requests: list[tuple[str, str, str | None, bytes]] = field(default_factory=list)

    async def talk(self, socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            asked = json.loads(await socket.receive_text())
            self.asked.append(asked)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            await script(Conversation(socket, asked))
            await socket.close()

    async def answer(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        self.requests.append((request.method, request.url.path, key, await request.body()))
        if self.answers:
            return self.answers.pop(0)
        query = dict(request.query_params)
        self.fetched.append(query)
        generation = int(query.get("generation", max((each["generation"] for each in self.log), default=1)))
        found = [e for e in self.log if e["generation"] == generation and e["sequence"] > int(query["after"])]
        return JSONResponse({"events": found[: int(query["limit"])], "next_after": 0, "generation": generation})


@asynccontextmanager
async def fake_gateway(*scripts: Script) -> AsyncIterator[FakeGateway]:
    fake = FakeGateway(scripts=list(scripts))
    routes = [
        WebSocketRoute("/v1/ws", fake.talk),
        Route("/{path:path}", fake.answer, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=0, lifespan="off", log_config=None, ws="websockets-sansio")
    server = Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(5):
        while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.005)
    fake.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.should_exit = server.force_exit = True
        await task


class RealGateway:
    """`python -m infra.local.serve` on a home: the real functions, queues and log, killed and started at will."""

    def __init__(self, home: Path, app: App) -> None:
        self.home, self.app = home, app
        self._ports = (_free_port(), _free_port())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def https_url(self) -> str:
        return f"https://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        http, https = map(str, self._ports)
        command = [sys.executable, "-m", "infra.local.serve", "--home", str(self.home)]
        with (self.home / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--http-port", http, "--https-port", https], stdout=log, stderr=log, start_new_session=True
            )
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/v1/health", trust_env=False).is_success:
                    return
            time.sleep(0.02)
        raise AssertionError((self.home / "serve.log").read_text()[-2000:])

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def append(self, session: str, count: int = 1, **data: Any) -> int:
        """As a worker would, from another process; returns the newest number."""
        head = get_head(self.app.table, session)
        assert head is not None
        drafts = [Draft("message_received", self.app.now_ms(), {"text": "hello", **data}) for _ in range(count)]
        for piece in batches([Entry((draft,)) for draft in drafts]):
            head = append(piece, head=head, table=self.app.table, seals=self.app.seals, epoch=None).head
            nudge_consumers(session, head.number, queues=self.app.engine.queues)
        return head.number


@contextmanager
def real_gateway(home: Path) -> Iterator[RealGateway]:
    build(home).close()
    with open_engine(home) as engine:
        gateway = RealGateway(home, join(Settings(home=home), engine))
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
