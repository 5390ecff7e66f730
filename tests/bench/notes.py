"""Where pages and webhooks tell what they saw: a small HTTP server on loopback that writes down times."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Notes:
    """Times in milliseconds since the epoch, by the text of the message, or by its WhatsApp id for our own."""

    url: str = ""
    in_page: dict[str, float] = field(default_factory=dict)
    sent_in_page: dict[str, float] = field(default_factory=dict)
    by_webhook: dict[str, float] = field(default_factory=dict)

    def note(self, path: str, body: dict[str, Any], now: float) -> None:
        if path == "/page":
            place, name = (
                (self.sent_in_page, body["id"]) if body["mine"] else (self.in_page, body.get("text") or body["id"])
            )
            place.setdefault(name, body["at"])
        elif (body.get("data") or {}).get("text") and body["type"].endswith("message_received"):
            self.by_webhook.setdefault(body["data"]["text"], now)


@contextmanager
def taking_notes() -> Iterator[Notes]:
    notes = Notes()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            notes.note(self.path, json.loads(body), time.time() * 1000)
            self.send_response(204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        notes.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield notes
        server.shutdown()


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)
