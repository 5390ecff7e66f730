"""Chaos: sessions that send and receive while workers, browsers, pages and lines break, by a seed.

    python -m tests.prove.chaos --seed 7 --rounds 9       # each round is a house of its own; a run that was broken
                                                          # off goes on with the round that is missing

What was counted lies in `tests/prove/chaos.json`. See `run` for one round.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from tests.e2e.house import House, link, poll, status_of
from tests.prove.chaos_book import Book
from tests.prove.chaos_counts import Counts, count, everything_is_settled
from tests.prove.chaos_faults import DISK_FAULTS, FAULTS, Mend, NothingToHurt, Scene
from tests.prove.chaos_load import Line, Load
from tests.prove.crew import crews

PEOPLE = tuple(f"49151123480{number:02d}" for number in range(4))
START_SECONDS = 240.0  # on a machine that has much else to do
SETTLE_SECONDS = 600.0


@dataclass(frozen=True)
class Plan:
    """One round. `least_pause` and `most_pause` are seconds between two faults; a fault that needs mending lasts up to
    `longest` seconds. Shorter leases than in production, so that more happens."""

    seed: int
    sessions: int = 10
    workers: int = 3
    messages: int = 1000
    faults: int = 40
    least_pause: float = 1.0
    most_pause: float = 6.0
    longest: float = 16.0
    lease_seconds: float = 8.0
    kinds: Sequence[Callable[[Scene], Mend]] = field(default=FAULTS)
    drop_copies: bool = True


def run(home: Path, plan: Plan) -> Counts:
    chance, counts = random.Random(plan.seed), Counts()
    house = House(
        home,
        workers=plan.workers,
        environment={"WAYPOST_LEASE_SECONDS": str(plan.lease_seconds), "WAYPOST_CLOCK_MARGIN_SECONDS": "1"},
        command="tests.prove.cuttable_up",
        start_seconds=START_SECONDS,
    )
    house.start()
    try:
        lines = _set_up(house, plan)
        counts.most_on_one_worker = max(len(crew.browsers) for crew in crews(house))
        seconds = plan.faults * (plan.least_pause + plan.most_pause) / 2
        load = Load(house, lines, seed=plan.seed, messages=plan.messages // plan.sessions, seconds=seconds)
        load.start()
        attendant = Attendant(house, lines)
        attendant.start()
        _hurt(Scene(house, lines, chance), plan, counts)
        poll(lambda: load.done() or load.wrong, SETTLE_SECONDS, "all is accepted")
        assert not load.wrong, load.wrong
        _settle(house, lines)
        counts.started_by_hand = attendant.stop()
        count(house, lines, counts)
    finally:
        house.stop()
    return counts


def _set_up(house: House, plan: Plan) -> list[Line]:
    with house.simulator() as simulator:
        for number in PEOPLE:
            simulator.post("/control/accounts", json={"number": number}).raise_for_status()
        settings = {"server_latency_ms": 40, "server_jitter_ms": 40, "drop_copies": plan.drop_copies}
        simulator.patch("/control/settings", json=settings).raise_for_status()
    numbers = [f"49151123470{place:02d}" for place in range(plan.sessions)]
    return [Line(link(house, number), number, PEOPLE) for number in numbers]


def _hurt(scene: Scene, plan: Plan, counts: Counts) -> None:
    """Faults one after the other, which overlap: those that must be mended last a while."""
    deck: list[Callable[[Scene], Mend]] = []
    mending: list[threading.Timer] = []
    done = 0
    while done < plan.faults:
        if not deck:  # each kind equally often
            deck = list(plan.kinds)
            scene.chance.shuffle(deck)
        time.sleep(scene.chance.uniform(plan.least_pause, plan.most_pause))
        fault, lasts = deck.pop(), scene.chance.uniform(0.5, plan.longest)
        try:
            mend = fault(scene)
        except (NothingToHurt, httpx.HTTPError):
            continue
        done += 1
        counts.faults[fault.__name__] = counts.faults.get(fault.__name__, 0) + 1
        mending.append(threading.Timer(lasts, mend))
        mending[-1].start()
    for timer in mending:
        timer.join()


def _settle(house: House, lines: list[Line]) -> None:
    poll(lambda: everything_is_settled(house, lines), SETTLE_SECONDS, "every message has reached a final state")

    def all_work() -> bool:
        with contextlib.suppress(httpx.HTTPError), house.api() as api:
            return all(status_of(api, line.session) == "working" for line in lines)
        return False

    poll(all_work, SETTLE_SECONDS, "every session works")


class Attendant:
    """Starts sessions again that gave up, as an operator would, and counts how often."""

    def __init__(self, house: House, lines: list[Line]) -> None:
        self._house, self._lines = house, lines
        self._count = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._attend, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._count

    def _attend(self) -> None:
        while not self._ended.wait(2):
            for line in self._lines:
                with contextlib.suppress(httpx.HTTPError), self._house.api() as api:
                    if status_of(api, line.session) == "failed":
                        api.post(f"/v1/sessions/{line.session}/start").raise_for_status()
                        self._count += 1


RESULTS = Path(__file__).with_name("chaos.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", help="One of the cases, by a part of its name.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    book = Book(chosen.results, chosen.seed)
    for number in range(chosen.rounds):
        for name, plan in plans(chosen.seed + number).items():
            if book.has(name, plan.seed) or (chosen.only or "") not in name:
                continue
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="waypost-chaos-") as folder:
                counts = run(Path(folder) / "house", plan)
            book.add(name, plan.seed, counts, time.monotonic() - began)
            sys.stdout.write(book.as_text(name) + "\n")
            sys.stdout.flush()


def plans(seed: int) -> dict[str, Plan]:
    """What a round consists of, by the case that it belongs to."""
    lost = Plan(seed, messages=200, faults=8, kinds=DISK_FAULTS, most_pause=12.0)
    return {
        "disk survives": Plan(seed),
        "disk lost, network drops copies": lost,
        "disk lost, network delivers copies": replace(lost, drop_copies=False),
    }


if __name__ == "__main__":
    main()
