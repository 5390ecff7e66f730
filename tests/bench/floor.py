"""The floor under accepting: an HTTP server of the same make that does nothing but commit one row durably."""

import http.client
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@contextmanager
def bare_server() -> Iterator[int]:
    """Its port. It runs in a process of its own, as the gateway does."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.floor", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield int(process.stdout.readline())
            finally:
                process.terminate()


def post(connection: http.client.HTTPConnection) -> None:
    body = json.dumps({"to": "12015551000", "text": "hello"})
    connection.request("POST", "/", body=body, headers={"content-type": "application/json"})
    connection.getresponse().read()


def _app(folder: Path) -> Starlette:
    database = sqlite3.connect(folder / "floor.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE rows (body BLOB)")

    async def keep(request: Request) -> JSONResponse:
        database.execute("INSERT INTO rows VALUES (?)", (await request.body(),))
        return JSONResponse({"id": "1"}, 202)

    return Starlette(routes=[Route("/", keep, methods=["POST"])])


class _Announcing(uvicorn.Server):
    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        sys.stdout.write(f"{self.servers[0].sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    config = uvicorn.Config(_app(Path(sys.argv[1])), host="127.0.0.1", port=0, log_level="error", access_log=False)
    _Announcing(config).run()
