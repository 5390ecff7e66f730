"""Backups under a flood of writes, kills and lost disks, and backups that somebody harmed; by a seed."""

import asyncio
import json
import random
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from playwright.async_api import async_playwright

from containers.worker.launcher_book import Process
from containers.worker.vault import backups, publishing
from containers.worker.vault.leveldb import verify
from containers.worker.vault.links import take_copy
from tests.integration.simulator_driver import Simulator
from tests.integration.vault_house import SESSION, VaultHouse, vault_house
from tests.integration.worker_driver import Session
from waypost.entities.profile import refused_write
from waypost.ports import Update
from waypost.services.profiles import manifest_key, object_key

# Writes rows of 12 KB as fast as it can, one transaction each: far worse than WhatsApp.
FLOOD = """
async (name) => {
  const database = await new Promise((done, fail) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('rows');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  window.acknowledged = 0;
  (async () => {
    for (let n = 1; ; n++) {
      const writing = database.transaction('rows', 'readwrite');
      writing.objectStore('rows').put({ n, noise: crypto.getRandomValues(new Uint8Array(12000)) }, n);
      await new Promise((done) => (writing.oncomplete = done));
      window.acknowledged = n;
    }
  })();
}
"""
# What is there of a flood: how many rows without a hole, or -1.
COUNT = """
async (name) => {
  const database = await new Promise((done, fail) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('rows');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const asked = database.transaction('rows').objectStore('rows').getAll();
  const rows = await new Promise((done) => (asked.onsuccess = () => done(asked.result)));
  database.close();
  await new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done));
  return rows.every((row, at) => row.n === at + 1 && row.noise.length === 12000) ? rows.length : -1;
}
"""


@dataclass
class Counts:
    """What a run counted. `good` and `refused` must reach the numbers of trials, the others must be 0."""

    restores: int = 0
    good: int = 0
    backups: int = 0
    not_backed_up: int = 0
    lost_rows: int = 0
    second_scans: int = 0
    harmed: int = 0
    refused: int = 0
    longest_pause_ms: float = 0.0

    @property
    def broken(self) -> int:
        return (self.restores - self.good) + (self.harmed - self.refused) + self.lost_rows + self.second_scans


async def run(home: Path, *, seed: int, restores: int, harms: int) -> Counts:
    chance, counts = random.Random(seed), Counts()
    simulator = Simulator(home / "network")
    async with simulator.running(), async_playwright() as playwright:
        phone = await simulator.account("5511900000001")
        async with vault_house(playwright, simulator, home / "house") as house:
            async with house.linked(phone) as (vault, session):
                assert await vault.backups.of_running(session.browser)
            house.lose_disk()
            flood, sure = "", 0
            for trial in range(restores):
                flood, sure = await _trial(house, chance, counts, f"flood {trial}", flood, sure)
            await _harm_in_store(house, chance, counts, harms // 2)
            await _harm_on_the_way(house, chance, counts, harms - harms // 2)
        counts.second_scans = (await simulator.counts())["scans"] - 1
    return counts


async def _trial(
    house: VaultHouse, chance: random.Random, counts: Counts, flood: str, before: str, sure: int
) -> tuple[str, int]:
    """One life from a restore to a kill; returns the flood and how many of its rows the last backup must have."""
    counts.restores += 1
    async with house.own() as (vault, session):
        await session.wait_working()
        sheet = session.browser.context.pages[0]
        found = await sheet.evaluate(COUNT, before) if before else 0
        counts.good += found >= sure
        counts.lost_rows += found < sure
        await sheet.evaluate(FLOOD, flood)
        sure = 0
        for _ in range(chance.randint(1, 3)):
            await asyncio.sleep(chance.uniform(0, 0.5))
            acknowledged = int(await sheet.evaluate("window.acknowledged"))
            if await vault.backups.of_running(session.browser):
                counts.backups += 1
                sure = acknowledged
            else:
                counts.not_backed_up += 1  # a machine too busy to stop it in time; the one before stands
        counts.longest_pause_ms = max([counts.longest_pause_ms, *vault.backups.paused_ms])
        await asyncio.sleep(chance.uniform(0, 0.3))
        await house.kill(session.browser)
    house.lose_disk()
    return flood, sure


async def _harm_in_store(house: VaultHouse, chance: random.Random, counts: Counts, times: int) -> None:
    """Objects that were changed, cut off, exchanged or removed in the bucket."""
    async with house.own() as (vault, session):
        await session.wait_working()
        assert await _with_pieces(vault.backups.of_running(session.browser))
    newest, older = house.versions()[:2]
    own = [object_key(SESSION, name) for name in newest.objects if name not in older.objects]
    blobs = house.app.engine.blobs["profiles"]
    for _ in range(times):
        house.lose_disk()
        key = chance.choice([*own, manifest_key(SESSION, newest.id)])
        good = blobs.get(key)
        bad = _harmed(good, chance)
        blobs.delete(key) if bad is None else blobs.put(key, bad)
        counts.harmed += 1
        counts.refused += await _restored_version(house) == older.id
        blobs.put(key, good)
        house.app.table.update(Update(refused_write(newest, "").key, set={"refused": None}))
    house.lose_disk()
    assert await _restored_version(house) == newest.id, "unharmed, it is used"


async def _with_pieces(backup: Awaitable[bool]) -> bool:
    """The simulated profile is small: cut it into objects all the same."""
    with patch.multiple(publishing, _SMALL_BYTES=1000, _SMALL_LOG_BYTES=1000):
        return await backup


async def _restored_version(house: VaultHouse) -> str | None:
    vault = house.vault(house.claim())
    await vault.prepare()
    return None if vault.restored is None else vault.restored.version


def _harmed(good: bytes, chance: random.Random) -> bytes | None:
    match chance.choice(("cut", "change", "remove", "empty")):
        case "cut":
            return good[: chance.randrange(len(good))]
        case "change":
            at = chance.randrange(len(good))
            return good[:at] + bytes([good[at] ^ chance.randint(1, 255)]) + good[at + 1 :]
        case "remove":
            return None
        case _:
            return b""


async def _harm_on_the_way(house: VaultHouse, chance: random.Random, counts: Counts, times: int) -> None:
    """Copies that lack a file or its end, as those of a copy that did not stop the browser."""
    async with house.own() as (vault, session):
        await session.wait_working()
        await session.browser.context.pages[0].evaluate(FLOOD, "for tables")
        await _until_tables(house, session)
        before = house.versions()
        with patch.object(backups, "take_copy", partial(_torn_copy, chance)):
            for _ in range(times):
                counts.harmed += 1
                counts.refused += not await vault.backups.of_running(session.browser)
        assert house.versions() == before


async def _until_tables(house: VaultHouse, session: Session) -> None:
    async with asyncio.timeout(60):
        while not any((house.profile / "Default" / "IndexedDB").glob("*/*.ldb")):
            await session.page.ping()


def _torn_copy(chance: random.Random, browser: Process | None, profile: Path, into: Path) -> float:
    paused_ms = take_copy(browser, profile, into)
    found = [path for kind in ("MANIFEST-*", "CURRENT", "*.ldb") for path in into.glob(f"**/*.leveldb/{kind}")]
    victim = chance.choice(_live(found))
    content = victim.read_bytes()
    victim.unlink()
    if victim.suffix == ".ldb" and chance.random() < 0.5:
        victim.write_bytes(content[: chance.randrange(len(content))])
    return paused_ms


def _live(found: list[Path]) -> list[Path]:
    """Without tables that a compaction has just made or left."""
    live = {(path.parent, number) for path in found for number in verify(path.parent).tables}
    return [path for path in found if path.suffix != ".ldb" or (path.parent, int(path.stem)) in live]


def as_text(counts: Counts, seed: int) -> str:
    return json.dumps({"seed": seed, **asdict(counts)}, indent=2)
