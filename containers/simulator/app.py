"""The web application: the page, the line it speaks on, the person's page and the control API."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from containers.simulator import (
    control,
    control_chats,
    control_faults,
    control_media,
    line,
    media_files,
    media_routes,
    messages,
    trouble,
)
from containers.simulator.errors import Refused
from containers.simulator.network import Network

HERE = Path(__file__).parent


class Uncached(StaticFiles):
    """Browser profiles outlive the files they were served; a stale script would be a puzzle."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def web_client(request: Request) -> Response:
    """The page says which build it is, so that it can notice when the server has a newer one."""
    build: str = request.app.state.network.settings.build
    page = (HERE / "page" / "index.html").read_text().replace("{{build}}", build)
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})


async def phone(_: Request) -> Response:
    return FileResponse(HERE / "phone" / "index.html", headers={"Cache-Control": "no-cache"})


async def on_the_line(socket: WebSocket) -> None:
    await line.serve(socket.app.state.network, socket)


async def refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)
    return JSONResponse({"error": problem.reason, "message": problem.message}, problem.status)


async def not_served(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": "http", "message": problem.detail}, problem.status_code)


def create(data: Path) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.network = Network(data)
        app.state.network.apply_settings()
        trouble.apply_all(app.state.network)
        media_files.sweep(app.state.network)
        messages.resume(app.state.network)
        yield
        app.state.network.store.close()

    routes = [
        Route("/", web_client),
        Route("/phone", phone),
        WebSocketRoute("/ws/chat", on_the_line),
        *control.ROUTES,
        *control_chats.ROUTES,
        *control_faults.ROUTES,
        *control_media.ROUTES,
        *media_routes.ROUTES,
        Mount("/page", Uncached(directory=HERE / "page")),
        Mount("/phone-page", Uncached(directory=HERE / "phone")),
    ]
    handlers = {Refused: refused, HTTPException: not_served}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
