"""The same sends by Waypost, by whatsapp-web.js and by a bare page, on the same simulator, as ratios."""

import asyncio
import sys
import threading
import time

from tests.bench import bare_page
from tests.bench.events import following
from tests.bench.figures import Figure, percentile, tell
from tests.bench.memory import calm_megabytes
from tests.bench.network import latency, network, scan
from tests.bench.notes import until
from tests.bench.second_client import second_client
from tests.bench.stage import FRIENDS, Stage, friend, stage

LATENCY_MS = 100
LONE = 40
IN_FLIGHT = 20
MANY = 200
SESSIONS = 3
AGAINST = "whatsapp-web.js"

type Measured = tuple[float | None, float | None]
type Sends = tuple[float, float]  # p50 of a lone send in ms, sends a second with many in flight

_LONE_CHATS = [f"{friend(number)}@c.us" for number in range(LONE)]
_MANY_CHATS = [f"{friend(number)}@c.us" for number in range(MANY)]


def measure() -> list[Figure]:
    with stage(SESSIONS) as waypost:
        our_memory = calm_megabytes(waypost.house)
        ours = _ours(waypost)
    bare = asyncio.run(_bare())
    theirs: Measured = (None, None)
    their_memory: float | None = None
    try:
        theirs, their_memory = _theirs()
    except RuntimeError as error:  # it does not run here; our own figures are worth having all the same
        sys.stderr.write(f"    {error}\n")
    return [*_compared(ours, theirs, our_memory, their_memory), *_others(bare, theirs, their_memory)]


def _compared(ours: Sends, theirs: Measured, our_memory: float, their_memory: float | None) -> list[Figure]:
    return [
        Figure(
            f"accept → acknowledged at {LATENCY_MS} ms, p50", ours[0], "ms", 1.2, aim_of="ratio",
            ratio=_ratio(ours[0], theirs[0]), against=AGAINST,
        ),
        Figure(
            f"sends with {IN_FLIGHT} in flight at {LATENCY_MS} ms", ours[1], "/s", 1.5, "least", "ratio",
            ratio=_ratio(ours[1], theirs[1]), against=AGAINST,
        ),
        Figure(
            f"memory of {SESSIONS} sessions", our_memory, "MB PSS", 0.7, aim_of="ratio",
            ratio=_ratio(our_memory, their_memory), against=AGAINST,
        ),
    ]  # fmt: skip


def _others(bare: Sends, theirs: Measured, their_memory: float | None) -> list[Figure]:
    figures = [
        Figure(f"bare wa-js: send → acknowledged at {LATENCY_MS} ms, p50", bare[0], "ms"),
        Figure(f"bare wa-js: sends with {IN_FLIGHT} in flight", bare[1], "/s"),
    ]
    if theirs[0] is not None and theirs[1] is not None and their_memory is not None:
        figures += [
            Figure(f"{AGAINST}: send → acknowledged at {LATENCY_MS} ms, p50", theirs[0], "ms"),
            Figure(f"{AGAINST}: sends with {IN_FLIGHT} in flight", theirs[1], "/s"),
            Figure(f"{AGAINST}: memory of {SESSIONS} sessions", their_memory, "MB PSS"),
        ]
    return figures


def _ratio(ours: float, theirs: float | None) -> float | None:
    return None if theirs is None else ours / theirs


def _ours(waypost: Stage) -> Sends:
    """Until the client has the event that tells of the acknowledgement, durably recorded, by WebSocket."""
    sender = waypost.client()
    for number in range(FRIENDS):
        sender.send(friend(number), "hello")
    time.sleep(3)
    waypost.network(server_latency_ms=LATENCY_MS)
    took = []
    with following(waypost) as sent:
        for number in range(LONE):
            message, began, _ = sender.send(friend(number), "text")
            until(lambda: message in sent, 20, "it is acknowledged")  # noqa: B023
            took.append(sent[message] - began)
        return percentile(took, 0.5), _our_rate(waypost, sent)


def _our_rate(waypost: Stage, sent: dict[str, float]) -> float:
    """Twenty clients that each wait for the acknowledgement before they send the next one."""
    done: list[str] = []
    turn, guard = iter(range(MANY)), threading.Lock()

    def client() -> None:
        sender = waypost.client()
        while True:
            with guard:
                number = next(turn, None)
            if number is None:
                return
            message, _, _ = sender.send(friend(number), "text")
            until(lambda: message in sent, 60, "it is acknowledged")  # noqa: B023
            done.append(message)

    threads = [threading.Thread(target=client) for _ in range(IN_FLIGHT)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done) / (time.monotonic() - began)


async def _bare() -> Sends:
    with network(1) as (url, control, folder):
        async with bare_page.bare_page(url, folder / "profile") as page:
            scan(control, 0, await bare_page.code(page))
            await bare_page.until_linked(page)
            await bare_page.send(page, _LONE_CHATS, at_once=1)
            latency(control, LATENCY_MS)
            lone, _ = await bare_page.send(page, _LONE_CHATS, at_once=1)
            _, seconds = await bare_page.send(page, _MANY_CHATS, at_once=IN_FLIGHT)
            return percentile(lone, 0.5), MANY / seconds


def _theirs() -> tuple[Sends, float]:
    with second_client(SESSIONS) as second:
        time.sleep(3)
        memory = second.megabytes()
        second.send(_LONE_CHATS, at_once=1, latency_ms=0)
        lone, _ = second.send(_LONE_CHATS, at_once=1, latency_ms=LATENCY_MS)
        _, seconds = second.send(_MANY_CHATS, at_once=IN_FLIGHT, latency_ms=LATENCY_MS)
        return (percentile(lone, 0.5), MANY / seconds), memory


if __name__ == "__main__":
    tell(measure())
