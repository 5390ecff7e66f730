"""Backing a profile of tens of megabytes up beside its running browser, and restoring it, against tar and gzip."""

import asyncio
import statistics
import tarfile
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from playwright.async_api import async_playwright

from containers.worker.vault.links import KEPT
from tests.bench.figures import Figure, tell
from tests.integration.simulator_driver import Phone, Simulator
from tests.integration.vault_house import VaultHouse, vault_house
from tests.integration.worker_driver import Session

MEGABYTES = 32
INCREMENTS, RESTORES = 15, 5
# Two thirds of a row do not compress, as in the measurements of browser-sessions.md.
FILL = """
async ([megabytes, first]) => {
  const database = await new Promise((done, fail) => {
    const asked = indexedDB.open('bench', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('rows');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  for (let n = 0; n < megabytes * 8; n++) {
    const rows = database.transaction('rows', 'readwrite');
    for (let m = 0; m < 72; m++) {
      const noise = crypto.getRandomValues(new Uint8Array(1200));
      rows.objectStore('rows').put({ noise, text: 'text '.repeat(100) }, first + n * 72 + m);
    }
    await new Promise((done) => (rows.oncomplete = done));
  }
  database.close();
}
"""


async def measure(home: Path) -> list[Figure]:
    simulator = Simulator(home / "network")
    async with simulator.running(), async_playwright() as playwright:
        ana, bruno = await simulator.account("5511900000001"), await simulator.account("5511900000002")
        async with vault_house(playwright, simulator, home / "house") as house:
            full, increments, pauses = await _back_up(house, ana, bruno)
            archived = await asyncio.to_thread(_archive, house.profile, home / "profile.tar.gz")
            restores = [await _restore(house) for _ in range(RESTORES)]
    against = "tar and gzip of the same files, browser closed"
    increment, restore = statistics.median(increments), statistics.median(restores)
    return [
        Figure("profile backup: browser stands still, p50", statistics.median(pauses), "ms", 50),
        Figure("profile backup: browser stands still, longest", max(pauses), "ms"),
        Figure(
            "profile backup, full, 32 MB of data", full, "ms", 1, aim_of="ratio", ratio=full / archived, against=against
        ),
        Figure("profile backup, incremental, p50", increment, "ms", ratio=increment / archived, against=against),
        Figure("profile restored → page usable, p50", restore, "ms", 2000, ratio=restore / archived, against=against),
    ]


async def _back_up(house: VaultHouse, ana: Phone, bruno: Phone) -> tuple[float, list[float], list[float]]:
    increments = []
    async with house.linked(ana) as (vault, session):
        await _fill(session, MEGABYTES, 0)
        full = await _timed(vault.backups.of_running(session.browser))
        for count in range(INCREMENTS):
            await bruno.send(ana, f"message {count}")
            increments.append(await _timed(vault.backups.of_running(session.browser)))
        pauses = vault.backups.paused_ms
        await vault.put_away(session.browser, session.browser.stop)
    return full, increments, pauses


async def _restore(house: VaultHouse) -> float:
    """From the loss of the disk to a page that is logged in and caught up."""
    house.lose_disk()
    began = time.monotonic()
    async with house.own() as (_, session):
        await session.wait_working()
        return (time.monotonic() - began) * 1000


async def _fill(session: Session, megabytes: int, first: int) -> None:
    await session.browser.context.pages[0].evaluate(FILL, [megabytes, first])


async def _timed(backup: Awaitable[bool]) -> float:
    began = time.monotonic()
    if not await backup:
        raise RuntimeError("the profile was not backed up")
    return (time.monotonic() - began) * 1000


def _archive(profile: Path, target: Path) -> float:
    began = time.monotonic()
    with tarfile.open(target, "w:gz", compresslevel=6) as archive:
        for name in KEPT:
            if (profile / "Default" / name).exists():
                archive.add(profile / "Default" / name)
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tell(asyncio.run(measure(Path(folder))))
