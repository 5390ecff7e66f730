"""When a profile is backed up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from containers.worker.vault import keeper as keeping
from containers.worker.vault.keeper import Keeper


class FakeBackup:
    """Succeeds unless told otherwise; `hold` keeps one from ending."""

    def __init__(self) -> None:
        self.begun = 0
        self.fails = 0
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self) -> bool:
        self.begun += 1
        await self.hold.wait()
        self.fails -= 1
        return self.fails < 0


@pytest.fixture
def backup() -> FakeBackup:
    return FakeBackup()


@pytest.fixture
async def keeper(backup: FakeBackup, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keeper]:
    monkeypatch.setattr(keeping, "AFTER_TRAFFIC_S", 0.05)
    monkeypatch.setattr(keeping, "_FIRST_RETRY_S", 0.01)
    keeper = Keeper(backup)
    running = asyncio.create_task(keeper.run())
    yield keeper
    running.cancel()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if look():
                return
            await asyncio.sleep(0.005)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_new_link_is_backed_up_at_once_even_if_traffic_came_first(
    keeper: Keeper, backup: FakeBackup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AFTER_TRAFFIC_S", 3600)
    keeper.traffic()
    await turns()
    assert backup.begun == 0
    keeper.at_once()
    await until(lambda: backup.begun == 1)


async def test_a_burst_of_traffic_is_one_backup(keeper: Keeper, backup: FakeBackup) -> None:
    for _ in range(100):
        keeper.traffic()
        await asyncio.sleep(0)
    await until(lambda: backup.begun == 1)
    await turns()
    assert backup.begun == 1


async def test_steady_traffic_does_not_put_it_off(keeper: Keeper, backup: FakeBackup) -> None:
    async with asyncio.timeout(10):
        while backup.begun < 2:
            keeper.traffic()
            await asyncio.sleep(0.01)


async def test_traffic_during_a_backup_wants_another_one(keeper: Keeper, backup: FakeBackup) -> None:
    backup.hold.clear()
    keeper.at_once()
    await until(lambda: backup.begun == 1)
    keeper.traffic()
    backup.hold.set()
    await until(lambda: backup.begun == 2)


async def test_a_failure_is_tried_again(keeper: Keeper, backup: FakeBackup) -> None:
    backup.fails = 3
    keeper.at_once()
    await until(lambda: backup.begun == 4)
    await turns()
    assert backup.begun == 4


async def test_what_begins_after_traffic_is_over_within_its_fifteen_seconds() -> None:
    assert keeping.AFTER_TRAFFIC_S <= 10
