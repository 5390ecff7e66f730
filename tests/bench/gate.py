"""What the gate costs a message that nothing holds: from the wish to the hand-over, alone and twenty side by side."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

from containers.worker.allowance import Allowance, Wish
from containers.worker.clock import SteadyClock
from containers.worker.gate import Gate
from tests.bench.figures import Figure, spread, tell
from tests.integration.sending_house import SESSION, sending_app
from waypost.bootstrap import App

ALONE = 200
SIDE_BY_SIDE = 20
ROUNDS = 10


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as home, sending_app(Path(home)) as app:
        alone, together = asyncio.run(_pass(app))
    return [
        *spread("gate, nothing holds it, alone", alone, p50=1),
        *spread(f"gate, nothing holds it, {SIDE_BY_SIDE} at once", together),
    ]


async def _pass(app: App) -> tuple[list[float], list[float]]:
    """Milliseconds of each, slower than the two hundred a second that development allows."""
    gate = Gate(Allowance(app, SESSION, clock=SteadyClock()))
    running = asyncio.create_task(gate.run())
    took: list[float] = []

    async def one() -> None:
        began = time.perf_counter()

        async def deliver(_at_ms: int) -> None:
            took.append((time.perf_counter() - began) * 1000)

        await gate.pass_through(Wish("interactive"), pace=_nothing, deliver=deliver)

    try:
        await one()
        took.clear()
        for _ in range(ALONE):
            await one()
            await asyncio.sleep(0.006)
        alone = took.copy()
        took.clear()
        for _ in range(ROUNDS):
            await asyncio.gather(*(one() for _ in range(SIDE_BY_SIDE)))
            await asyncio.sleep(0.12)
        return alone, took.copy()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _nothing() -> None:
    return None


if __name__ == "__main__":
    tell(measure())
