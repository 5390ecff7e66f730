"""Accept latency of one client over a kept connection, and how many a second several clients get accepted.

The worker sends what is accepted meanwhile, on the same cores, as it would. Only for the highest rate it is frozen, so
that the figure is that of acceptance; the rate with a worker that sends stands beside it.
"""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench.figures import Figure, spread, tell
from tests.bench.floor import bare_server, post
from tests.bench.memory import worker_tree
from tests.bench.stage import Stage, friend, stage

LONE = 150
PAUSE_SECONDS = 0.1
CLIENTS = 8
EACH = 60
FRIENDS_KNOWN = 40
FLOOR = "a bare POST with one durable commit"
SETTLE_SECONDS = 3.0  # what was accepted before is still being sent


def measure() -> list[Figure]:
    with bare_server() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        floor = sorted(_lone(lambda _: post(connection)))[LONE // 2]
        bare_rate = _rate([_poster(port) for _ in range(CLIENTS)])
    with stage(1) as waypost:
        sender = waypost.client()
        first = _timed(lambda: sender.send(friend(0), "the first"))
        for number in range(FRIENDS_KNOWN):
            sender.send(friend(number), "hello")
        time.sleep(SETTLE_SECONDS)
        lone = _lone(lambda number: sender.send(friend(number), "hello"))
        time.sleep(SETTLE_SECONDS)
        busy_rate = _rate([_sender(waypost, number) for number in range(CLIENTS)])
        time.sleep(SETTLE_SECONDS * 3)
        with _frozen_worker(waypost):
            rate = _rate([_sender(waypost, number) for number in range(CLIENTS)])
    return [
        *spread(f"accept, {1 / PAUSE_SECONDS:.0f} a second", lone, p50=6, p99=30, floor=floor, against=FLOOR),
        Figure("accept, the very first message", first, "ms"),
        Figure(
            f"accepted for {CLIENTS} clients, acceptance alone", rate, "/s", 300, "least", ratio=rate / bare_rate,
            against="as many bare POSTs with one durable commit",
        ),
        Figure(f"accepted for {CLIENTS} clients while the worker sends on the same cores", busy_rate, "/s"),
    ]  # fmt: skip


@contextmanager
def _frozen_worker(waypost: Stage) -> Iterator[None]:
    """For seconds only, well within its lease."""
    pids = worker_tree(waypost.house)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _lone(act: Callable[[int], object]) -> list[float]:
    took = []
    for number in range(LONE):
        began = time.perf_counter()
        act(number)
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_SECONDS)
    return took


def _poster(port: int) -> Callable[[int], object]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    return lambda _: post(connection)


def _sender(waypost: Stage, client: int) -> Callable[[int], object]:
    sender = waypost.client()
    return lambda number: sender.send(friend(number * CLIENTS + client), "hello")


def _rate(clients: list[Callable[[int], object]]) -> float:
    def work(act: Callable[[int], object]) -> None:
        for number in range(EACH):
            act(number)

    threads = [threading.Thread(target=work, args=(act,)) for act in clients]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(clients) * EACH / (time.perf_counter() - began)


if __name__ == "__main__":
    tell(measure())
