"""Fixtures: a simulated network for a file of tests, empty for each, with two people on it and a Playwright."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Playwright, async_playwright

from tests.integration.simulator_driver import Phone, Simulator

ANA, BRUNO = "5511900000001", "5511900000002"


@pytest.fixture(name="playwright")
async def started_playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(name="server", scope="module")
def started_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    server = Simulator(tmp_path_factory.mktemp("network"))
    server.launch()
    yield server
    assert server.end() == 0


@pytest.fixture(name="simulator")
async def emptied_simulator(server: Simulator) -> AsyncIterator[Simulator]:
    async with server.fresh() as simulator:
        yield simulator


@pytest.fixture(name="ana")
async def ana_on_it(simulator: Simulator) -> Phone:
    return await simulator.account(ANA, "Ana")


@pytest.fixture(name="bruno")
async def bruno_on_it(simulator: Simulator) -> Phone:
    return await simulator.account(BRUNO, "Bruno")
