"""Files through a whole house: how soon a small picture is in the page, by the drop and by upload; 16 MB there and back
beside a plain HTTPS copy of the same bytes; and the memory that it takes at its peak.
"""

import contextlib
import http.client
import os
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from infra.local.certificates import certificates, server_context
from infra.local.home import Home
from tests.bench.figures import Figure, percentile, tell
from tests.bench.memory import megabytes, tree, worker_tree
from tests.bench.stage import Stage, friend, owner, stage
from tests.corpus import archives, pictures
from tests.e2e.house import poll
from tests.e2e.media_house import MediaHouse, hex_of, sha256

PICTURES = 20
TIMES = 3
PEOPLE = 2
SIZE = 16 * 1024 * 1024 - 64 * 1024  # packed it stays below what may be sent
_MB = SIZE / 1e6


def measure() -> list[Figure]:
    with stage(1) as waypost:
        people = tuple(friend(number) for number in range(PEOPLE))
        with MediaHouse(waypost.house, waypost.sessions[0], owner(0), people) as files:
            return [*_soon("a small picture dropped → handed to the page", _dropped(files), waypost, files),
                    *_soon("a small picture uploaded → handed to the page", _uploaded(files), waypost, files),
                    *_there_and_back(waypost, files)]  # fmt: skip


type Send = Callable[[int], tuple[Callable[[], str | None], float]]


def _soon(measure: str, send: Send, waypost: Stage, files: MediaHouse) -> list[Figure]:
    """`send` says how the message's id is learnt, and when it was ours, in milliseconds since the epoch."""
    seen, times = waypost.notes.sent_in_page, []
    for number in range(-2, PICTURES):  # the first ones warm everything up
        learn, began = send(number)
        message: list[str] = []

        def is_there(learn: Callable[[], str | None] = learn, message: list[str] = message) -> bool:
            if not message:
                message.extend(found for found in (learn(),) if found)
            return bool(message) and hex_of(message[0]) in seen

        poll(is_there, 30, "the page has it")
        if number >= 0:
            times.append(seen[hex_of(message[0])] - began)
    return [
        Figure(f"{measure}, p50", percentile(times, 0.5), "ms"),
        Figure(f"{measure}, p95", percentile(times, 0.95), "ms"),
    ]


def _dropped(files: MediaHouse) -> Send:
    """With a note: what says nothing of itself waits for one, for as long as is set."""

    def send(number: int) -> tuple[Callable[[], str | None], float]:
        data = pictures.jpeg(320, 240, quality=80 + number % 15)
        began = time.time() * 1000
        key = files.drop(friend(number % PEOPLE), f"picture {number}.jpg", data, caption=f"picture {number}")
        return lambda: files.told_of(key).get("waypost-message"), began

    return send


def _uploaded(files: MediaHouse) -> Send:
    """From the moment that all of it has come."""

    def send(number: int) -> tuple[Callable[[], str | None], float]:
        media = files.upload(pictures.jpeg(320, 240, quality=80 + number % 15))
        began = time.time() * 1000
        message = str(files.send(friend(number % PEOPLE), {"id": media}).raise_for_status().json()["id"])
        return lambda: message, began

    return send


def _there_and_back(waypost: Stage, files: MediaHouse) -> list[Figure]:
    gateway = waypost.house.ask_again()["parts"]["gateway"]["pid"]  # type: ignore[index]
    worker = worker_tree(waypost.house)[0]
    calm = (megabytes(tree(worker)), megabytes(tree(gateway)))
    ours = [_round_trip(files) for _ in range(TIMES)]
    with _watched(worker) as of_worker, _watched(gateway) as of_gateway:  # which takes time itself
        _round_trip(files)
    with _plain_server(waypost.house.home) as port:
        plain = [_plain_copy(port) for _ in range(TIMES)]
    seconds, theirs = statistics.median(ours), statistics.median(plain)
    against = "up and down by HTTPS without sealing, judging or a browser"
    return [
        Figure("16 MB uploaded, sent, received, sent back, received, read", seconds * 1000, "ms",
               ratio=seconds / theirs, against=against),
        Figure("16 MB there and back, each way", 2 * _MB / seconds, "MB/s"),
        Figure("16 MB there and back, peak memory of worker and browser", of_worker.peak, "MB"),
        Figure("16 MB there and back, more than at rest", of_worker.peak - calm[0], "MB"),
        Figure("16 MB there and back, peak memory of the gateway and all functions", of_gateway.peak, "MB"),
        Figure("16 MB there and back, more than at rest, gateway", of_gateway.peak - calm[1], "MB"),
    ]  # fmt: skip


def _round_trip(files: MediaHouse) -> float:
    """In seconds; what the simulated phone takes to unpack it and to send it back is left out. Asks for little while it
    waits, because all of it shares this machine."""
    data, events = archives.archive({"film.bin": os.urandom(SIZE)}, method=0), files.events()
    last = events[-1]["sequence"]
    with files.house.api() as api, files.house.simulator() as simulator:

        def ready() -> list[str]:
            asked = {"session_id": files.session, "after": last, "limit": 500}
            told = [event["data"].get("media") for event in api.get("/v1/events", params=asked).json()["events"]]
            return [one["id"] for one in told if one and one["state"] == "ready" and one.get("filename") == "film.zip"]

        def filed() -> bool:
            return bool(simulator.get("/control/counts").json()["messages_filed"] > before)

        before = simulator.get("/control/counts").json()["messages_filed"]
        began = time.perf_counter()
        sent = files.send(friend(0), {"id": files.upload(data, type="application/zip")}, text="all of it").json()["id"]
        poll(filed, 60, "it arrived")
        arrived = time.perf_counter()
        there = files.bytes_of(files.arrived_by_id()[hex_of(sent)])
        files.from_person(friend(0), "document", there, mime="application/zip", filename="film.zip")
        sent_back = time.perf_counter()
        [media] = poll(ready, 60, "it came back")
        again = files.content(media)
        ended = time.perf_counter()
    assert sha256(again) == sha256(there) == sha256(data)
    return ended - sent_back + arrived - began


@dataclass(slots=True)
class Watch:
    peak: float = 0
    done: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _watched(pid: int) -> Iterator[Watch]:
    """The most that a process and everything below it takes meanwhile, in MB."""
    watch = Watch()

    def look() -> None:
        while not watch.done.wait(0.25):
            watch.peak = max(watch.peak, megabytes(tree(pid)))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield watch
    finally:
        watch.done.set()
        looking.join()


@contextmanager
def _plain_server(home: Path) -> Iterator[int]:
    """Keeps what it is given in a file and hands it out again, by the house's own certificate."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-files-") as folder:
        place = Path(folder) / "file"

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                with place.open("wb") as out:
                    out.write(self.rfile.read(int(self.headers["content-length"])))
                self._answer(b"")

            def do_GET(self) -> None:
                self._answer(place.read_bytes())

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.socket = _context(home).wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server.server_address[1]
            server.shutdown()


def _context(home: Path) -> ssl.SSLContext:
    return server_context(certificates(Home(home).tls))


def _plain_copy(port: int) -> float:
    """The same way: up, down, up, down."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    data = os.urandom(SIZE)
    began = time.perf_counter()
    for _ in range(2):
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", port, context=context)) as line:
            line.request("PUT", "/", body=data)
            line.getresponse().read()
            line.request("GET", "/")
            assert len(line.getresponse().read()) == len(data)
    return time.perf_counter() - began


if __name__ == "__main__":
    tell(measure())
