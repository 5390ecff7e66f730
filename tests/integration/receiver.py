"""Receivers of webhooks on loopback for tests: real HTTP servers that keep what they were posted."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Rule = Callable[[dict[str, Any]], int]


@dataclass(slots=True)
class Post:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass(slots=True)
class Receiver:
    """`rule` decides the status of each post by its event."""

    url: str
    posts: list[Post] = field(default_factory=list)
    rule: Rule = lambda event: 204
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> list[int]:
        return [post.event["sequence"] for post in self.posts if post.status < 300]

    @property
    def tried(self) -> list[int]:
        return [post.event["sequence"] for post in self.posts]


@contextmanager
def receivers() -> Iterator[Callable[[], Receiver]]:
    """Starts as many as are asked for."""
    servers: list[ThreadingHTTPServer] = []

    def start() -> Receiver:
        receiver = Receiver("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        return receiver

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.rule(json.loads(body))
            receiver.posts.append(Post(status, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler
