"""How long events out take on the embedded engine with a fake push endpoint: prints figures, tests nothing.

    python -m tests.integration.events_bench [profile]

`nudge → frame` is this part's share of the way from the page to a subscriber: from `nudge_consumers` to the call of
`Push.post`, with a consumer that waits on the queue as the local gateway's does.
"""

import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import realtime.connections
import realtime.handler
import webhooks.handler
from infra.local.sqs_events import sqs_event
from tests.integration.events_house import Client, House, new_tenant, open_house
from waypost.domain.ids import make_id
from waypost.engines.embedded.engine import open_engine
from waypost.entities.webhook import Endpoint, put_endpoint
from waypost.services import webhook_lanes
from waypost.services.webhook_delivery import Answer, Destination, seal_destination, transport

EVENTS = 200
PAUSE = 0.01


class Posted:
    """When an event with a number was posted for the n-th time."""

    def __init__(self) -> None:
        self.at: dict[int, list[float]] = {}
        self.news = threading.Event()

    def note(self, number: int) -> None:
        self.at.setdefault(number, []).append(time.perf_counter())
        self.news.set()

    def wait(self, number: int, count: int) -> None:
        while len(self.at.get(number, [])) < count:
            self.news.wait(1)
            self.news.clear()


def consume(house: House, name: str, stopping: threading.Event, profile: cProfile.Profile | None) -> None:
    queue = house.engine.queues.queue(name)
    while not stopping.is_set():
        batch = queue.receive(limit=10 if name == "realtime" else 1, wait_seconds=0.2)
        if batch:
            if profile:
                profile.enable()
            house.handlers[name](sqs_event(name, batch, fifo=name == "realtime"), None)
            if profile:
                profile.disable()
            for message in batch:
                queue.delete(message.receipt)


def measure(house: House, name: str, session: str, posted: Posted, count: int, profile: Any = None) -> list[float]:
    """Milliseconds from the nudge to the last of `count` posts of each event, one event after another."""
    stopping = threading.Event()
    threads = [
        threading.Thread(target=consume, args=(house, name, stopping, profile if number == 0 else None))
        for number in range(1 if name == "realtime" else 2)
    ]
    for thread in threads:
        thread.start()
    took = []
    for _ in range(EVENTS):
        began: list[float] = []
        with patch("tests.integration.events_house.nudge_consumers", _timed(began)):
            number = house.append(session)
        posted.wait(number, count)
        took.append((posted.at[number][-1] - began[0]) * 1000)
        time.sleep(PAUSE)
    stopping.set()
    for thread in threads:
        thread.join()
    return took


def _timed(began: list[float]) -> Callable[..., None]:
    from waypost.services.nudges import nudge_consumers

    def nudge(*arguments: Any, **more: Any) -> None:
        began.append(time.perf_counter())
        nudge_consumers(*arguments, **more)

    return nudge


def report(what: str, took: list[float]) -> None:
    took = sorted(took)
    print(  # noqa: T201
        f"{what:44} p50 {statistics.median(took):6.2f} ms   p99 {took[int(len(took) * 0.99) - 1]:6.2f} ms"
        f"   max {took[-1]:6.2f} ms"
    )


def bench_realtime(house: House, connections: int, profile: cProfile.Profile | None) -> None:
    tenant = new_tenant()
    session = house.session(tenant)
    house.append(session, 20)
    for _ in range(connections):
        Client.connect(house, realtime.connections.handler, tenant).subscribe(session)
    house.drain("realtime")
    house.drain("webhooks")
    posted = Posted()
    house.push.on_post = lambda connection, frame: posted.note(int(frame.get("sequence", 0)))
    report(
        f"nudge → last frame, {connections} connection(s)",
        measure(house, "realtime", session, posted, connections, profile),
    )


def bench_replay(house: House) -> None:
    tenant = new_tenant()
    session = house.session(tenant)
    house.append(session, 2000)
    house.push.on_post = lambda connection, frame: None
    client = Client.connect(house, realtime.connections.handler, tenant)
    client.subscribe(session, after=0)
    began = time.perf_counter()
    house.drain("realtime")
    print(f"{'replay of 2000 events':44} {2000 / (time.perf_counter() - began):8.0f} events/s")  # noqa: T201


def bench_webhooks(house: House, profile: cProfile.Profile | None) -> None:
    tenant = new_tenant()
    session = house.session(tenant)
    hook = make_id("whk", os.urandom(16))
    sealed = seal_destination(house.app.seals, tenant, hook, url="https://h.example/", secret="whsec_c2VjcmV0")
    put_endpoint(house.app.table, Endpoint(hook, tenant, sealed, (), None, house.clock.now()))
    posted = Posted()

    def post(destination: Destination, message_id: str, body: bytes, **_: object) -> Answer:
        posted.note(int(message_id.rsplit("_", 1)[1]))
        return Answer(200)

    with patch.object(webhook_lanes, "post_event", post):
        report("nudge → webhook post, 1 endpoint", measure(house, "webhooks", session, posted, 1, profile))


def main() -> None:
    profile = cProfile.Profile() if "profile" in sys.argv else None
    with (
        tempfile.TemporaryDirectory() as folder,
        open_house(Path(folder)) as house,
        open_engine(house.app.settings.home) as engine,
    ):
        house.engine = engine  # the real clock, because consumers wait
        house.handlers = {"realtime": realtime.handler.handler, "webhooks": webhooks.handler.handler}
        for module in (realtime.handler, realtime.connections, webhooks.handler):
            module.app = lambda: house.app  # type: ignore[attr-defined]
        for connections in (1, 5, 50):
            bench_realtime(house, connections, profile if connections == 1 else None)
        bench_replay(house)
        house.drain("webhooks")
        transport(True)  # its imports are a cold start's, not an event's
        bench_webhooks(house, None)
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
