"""Accept latency of one client over a kept connection, and how many a second several clients get accepted."""

import http.client
import threading
import time
from collections.abc import Callable

from tests.bench.figures import Figure, spread, tell
from tests.bench.floor import bare_server, post
from tests.bench.stage import Stage, friend, stage

LONE = 300
PAUSE_SECONDS = 0.02
CLIENTS = 8
EACH = 60
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
        rate = _rate([_sender(waypost, number) for number in range(CLIENTS)])
    return [
        *spread("accept", lone, p50=6, p99=30, floor=floor, against="a bare POST with one durable commit"),
        Figure("accept, the very first message", first, "ms"),
        Figure(
            f"accepted by {CLIENTS} clients", rate, "/s", 300, "least", ratio=rate / bare_rate,
            against="as many bare POSTs with one durable commit",
        ),
    ]  # fmt: skip


FRIENDS_KNOWN = 40


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
