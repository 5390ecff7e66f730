"""A gateway in the test's process: answers `@connections` requests as API Gateway does, and remembers them."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.contract.harness import Peer

TOKEN = "push-token"
ERROR_TYPES = {403: "ForbiddenException", 410: "GoneException", 429: "LimitExceededException"}


class FakeGateway(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: dict[str, list[bytes]] = {}
        self.slow: set[str] = set()
        self.token = TOKEN

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def connect(self) -> Peer:
        name = f"{uuid.uuid4().hex}="  # API Gateway's ids end so
        inbox = self.received[name] = []
        return Peer(
            connection_id=name,
            received=lambda: inbox,
            is_open=lambda: name in self.received,
            leave=lambda: self.received.__delitem__(name),
            stop_reading=lambda: self.slow.add(name),
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeGateway

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        name = self._connection_id()
        if not self._is_authorized():
            self._answer(403)
        elif name in self.server.slow:
            self._answer(429)
        elif name in self.server.received:
            self.server.received[name].append(data)
            self._answer(200)
        else:
            self._answer(410)

    def do_DELETE(self) -> None:
        if not self._is_authorized():
            self._answer(403)
            return
        gone = self.server.received.pop(self._connection_id(), None) is None
        self._answer(410 if gone else 204)

    def _is_authorized(self) -> bool:
        """Our own token, or a signature, as the cloud wants one; which only the cloud can check."""
        given = self.headers["Authorization"] or ""
        return given == f"Bearer {self.server.token}" or given.startswith("AWS4-HMAC-SHA256 Credential=test/")

    def _connection_id(self) -> str:
        return self.path.removeprefix("/@connections/").replace("%3D", "=")

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status in ERROR_TYPES:
            self.send_header("x-amzn-ErrorType", ERROR_TYPES[status])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def running_gateway() -> Iterator[FakeGateway]:
    gateway = FakeGateway()
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield gateway
    finally:
        gateway.shutdown()
        thread.join()
        gateway.server_close()
