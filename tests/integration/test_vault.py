"""The profile vault with a real browser on the simulated network: backed up hot, killed, restored, no second scan."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Playwright, async_playwright

from containers.worker.observations import CodeShown, MessageSeen
from tests.integration.simulator_driver import Phone, Simulator
from tests.integration.vault_house import VaultHouse, vault_house

ANA, BRUNO = "5511900000001", "5511900000002"


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    server = Simulator(tmp_path_factory.mktemp("network"))
    server.launch()
    yield server
    server.end()


@pytest.fixture
async def simulator(server: Simulator) -> AsyncIterator[Simulator]:
    async with server.fresh() as simulator:
        yield simulator


@pytest.fixture
async def ana(simulator: Simulator) -> Phone:
    return await simulator.account(ANA, "Ana")


@pytest.fixture
async def bruno(simulator: Simulator) -> Phone:
    return await simulator.account(BRUNO, "Bruno")


@pytest.fixture
async def house(playwright: Playwright, simulator: Simulator, tmp_path: Path) -> AsyncIterator[VaultHouse]:
    async with vault_house(playwright, simulator, tmp_path) as house:
        yield house


def hex_id(number: int) -> str:
    return f"3EB0{number:018X}"


async def test_a_backup_taken_under_load_logs_in_after_a_kill_and_a_lost_disk(
    house: VaultHouse, ana: Phone, bruno: Phone
) -> None:
    async with house.linked(ana) as (vault, session):
        await session.page.send_text(bruno.jid, "before", hex_id(1), wait_ack=10)
        await session.browser.context.pages[0].evaluate(
            "localStorage.setItem('kept', 'by api'); document.cookie = 'kept=too; max-age=9999'"
        )
        storm = asyncio.create_task(_write(ana, bruno))
        for _ in range(3):
            assert await vault.backups.of_running(session.browser)
        await house.kill(session.browser)
        await storm
    house.lose_disk()
    assert [version.proven_ms for version in house.versions()] == [0, 0]  # the newest, and one that ages

    async with house.own() as (vault, session):
        login = await session.wait_working()
        assert login.me.pn == ana.jid
        assert await vault.judge(login) is login
        assert vault.restored is not None
        assert vault.restored.version == house.versions()[0].id
        assert house.versions()[0].proven_ms
        kept = await session.browser.context.pages[0].evaluate("[localStorage.getItem('kept'), document.cookie]")
        assert kept == ["by api", "kept=too"]
        assert await session.page.find_message(hex_id(1), [bruno.jid])
        # It has forgotten what it acknowledged after the backup, and its counter; both ways go on all the same.
        sent = await session.page.send_text(bruno.jid, "after", hex_id(2), wait_ack=10)
        assert sent.ack >= 1
        answer = await bruno.send(ana, "and back")
        await session.wait_for(MessageSeen, lambda message: message.key.id == answer)
        assert [shown for shown in session.of(CodeShown) if shown.code] == []
    assert (await bruno.texts(ana)).count("after") == 1
    counts = await house.simulator.counts()
    assert (counts["scans"], counts["two_browsers"]) == (1, 0)


async def _write(ana: Phone, bruno: Phone) -> None:
    for number in range(60):
        await bruno.send(ana, f"message {number} " + "x" * 2000)
