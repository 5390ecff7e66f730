"""The gateway's process: `python -m infra.local.serve --home DIR`. HTTP and HTTPS, consumers and schedules in one."""

import argparse
import asyncio
import contextlib
import functools
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from infra.local.aws_parts import on_aws
from infra.local.builder import engine_of
from infra.local.certificates import certificates, server_context
from infra.local.connection import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from infra.local.connections import Connections
from infra.local.consumers import Consumer, consumers
from infra.local.drop_folder import DropFolder
from infra.local.faults import describe
from infra.local.gateway import RestGateway, create_app
from infra.local.home import Home
from infra.local.lifecycle import Lifecycle
from infra.local.logs import log_to_stderr
from infra.local.runtime import LocalFunction, lambda_environment, local_functions
from infra.local.schedules import Schedule, schedules
from waypost.domain.addresses import parse_address
from waypost.services.drop_telling import tell as tell_of_drop

log = logging.getLogger("waypost.gateway")

type Background = Consumer | Schedule | DropFolder | Lifecycle

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 2
# Handlers are threads beside the event loop. Python lets a busy one run for 5 ms before the loop gets its turn,
# which would be most of what a pushed frame waits.
SWITCH_SECONDS = 0.0005


class Server(uvicorn.Server):
    """Leaves the signals to `main`, because two of these share one loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def uvicorn_config(app: Starlette, **more: Any) -> uvicorn.Config:
    """WebSocket limits as the cloud's: 128 KB a message, 32 KB a frame, both closed with 1009; it sends no pings."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,  # paths carry ids of people who use the API; each handler logs what it may
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES),  # type: ignore[arg-type]  # handed to websockets as it is
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS,
        **more,
    )


async def serve(home: Home, *, http_port: int, https_port: int) -> None:
    """Until SIGTERM or SIGINT."""
    functions, token = local_functions(), _push_token()
    app = gateway_app(functions, token)
    context = server_context(certificates(home.tls))
    plain = Server(uvicorn_config(app))
    secure = Server(uvicorn_config(app, ssl_context_factory=lambda *_: context))
    sockets = [_listen(http_port), _listen(https_port)]
    home.write_private(
        "gateway.json",
        {"push_url": f"http://{LOOPBACK}:{sockets[0].getsockname()[1]}", "push_token": token},
    )
    background = _background(functions, home)
    _stop_on_signal(plain, secure)
    threading.Thread(target=_start, args=(functions, background), daemon=True).start()
    await asyncio.gather(plain.serve([sockets[0]]), secure.serve([sockets[1]]))
    for part in background:
        await asyncio.to_thread(part.stop)


def gateway_app(functions: dict[str, LocalFunction], push_token: str) -> Starlette:
    authorizer = functions["authorizer"]
    return create_app(
        rest=RestGateway(api=functions["api"], authorizer=authorizer),
        connections=Connections(handler=functions["connections"], authorizer=authorizer),
        push_token=push_token,
    )


def _background(functions: dict[str, LocalFunction], home: Home) -> list[Background]:
    from waypost import bootstrap  # reads the environment, which is set by now

    app = bootstrap.app()
    # On AWS's engine the drop is a bucket, and S3 tells of it.
    tell = functools.partial(tell_of_drop, seals=app.seals, queues=app.engine.queues)
    # There, S3 also deletes by itself what was kept for its time.
    own: list[Background] = (
        [] if on_aws() else [DropFolder(home.path, tell), Lifecycle(home.path, app.settings.media_keep_days)]
    )
    return [*consumers(functions, app.engine.queues), *schedules(functions), *own]


def _start(functions: dict[str, LocalFunction], background: list[Background]) -> None:
    """Load the handlers, so that no request waits for a cold start, then let work come."""
    for name, function in functions.items():
        try:
            function.load()
        except Exception as error:
            log.error("function %s cannot be loaded: %s: %s", name, describe(error), error)
    parse_address("+12015550123")  # loads the rules of numbers, 80 ms that the first message would wait for
    for part in background:
        part.start()


def _push_token() -> str:
    """What a frame must be posted with; the AWS engine has no token but signs with its key's id."""
    return os.environ["AWS_ACCESS_KEY_ID"] if on_aws() else secrets.token_urlsafe(32)


def _listen(port: int) -> socket.socket:
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        sys.exit(f"Port {port} is taken ({error.strerror}): stop what listens there, or choose another port.")
    # An answer leaves as two writes, head and body. Without this, which connections inherit, the second one waits up to
    # 40 ms for the client's acknowledgement of the first; asyncio sets it only on sockets that it made itself.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _stop_on_signal(*servers: Server) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.serve", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--http-port", type=int, default=8080)
    parser.add_argument("--https-port", type=int, default=8443)
    parser.add_argument("--whatsapp", default="https://web.whatsapp.com/")
    chosen = parser.parse_args()
    home = Home(chosen.home.resolve())
    log_to_stderr()
    os.environ.update(lambda_environment(home.path, whatsapp_url=chosen.whatsapp))
    sys.setswitchinterval(SWITCH_SECONDS)
    engine_of(home.path).close()
    asyncio.run(serve(home, http_port=chosen.http_port, https_port=chosen.https_port))


if __name__ == "__main__":
    main()
