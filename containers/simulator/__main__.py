"""Starts the simulated WhatsApp: `python -m containers.simulator --port 8900 --data DIR`."""

import argparse
import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from containers.simulator.app import create


class Announcing(uvicorn.Server):
    """Says where it listens, in one line of JSON, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or []:
            host, port = one.getsockname()[:2]
            sys.stdout.write(json.dumps({"url": f"http://{host}:{port}"}) + "\n")
            sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m containers.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps accounts and messages")
    return parser.parse_args()


def listen(host: str, port: int) -> socket.socket:
    """Named as TCP outright: asyncio switches Nagle's delay (40 ms per answer) off on such sockets only."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening


def main() -> None:
    chosen = arguments()
    listening = listen(chosen.host, chosen.port)
    config = uvicorn.Config(
        create(chosen.data),
        log_level="warning",
        ws="websockets-sansio",
        timeout_graceful_shutdown=2,
    )
    # The server shuts down on these and then raises them again: being asked to stop is no failure.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: None)
    asyncio.run(Announcing(config).serve([listening]))


if __name__ == "__main__":
    main()
