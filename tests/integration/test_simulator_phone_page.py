"""The phone's page for a person: create an account, link by a code on a screen, write, read, log out."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.integration.simulator_driver import Browser, Simulator, browser_on


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    server = Simulator(tmp_path_factory.mktemp("network"))
    server.launch()
    yield server
    assert server.end() == 0


@pytest.fixture
async def browser(server: Simulator, tmp_path: Path) -> AsyncIterator[Browser]:
    async with server.fresh(), async_playwright() as playwright, browser_on(playwright, tmp_path / "p") as browser:
        yield browser


async def create(page: Page, number: str, name: str) -> None:
    if await page.locator("#new").is_hidden():
        await page.get_by_role("button", name="New account").click()
    await page.get_by_label("Number, country code first").fill(number)
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_label("Account", exact=True)).to_have_value(number)


async def test_a_person_links_a_page_and_talks_to_it(server: Simulator, browser: Browser) -> None:
    await browser.open(server.url)
    phone = await browser.context.new_page()
    said: list[str] = []
    phone.on("console", lambda message: said.append(message.text))
    phone.on("pageerror", lambda problem: said.append(str(problem)))
    await phone.goto(f"{server.url}/phone")
    await create(phone, "5511900000002", "Bruno")
    await create(phone, "5511900000001", "Ana")
    await phone.get_by_role("button", name="Linked devices").click()
    await phone.get_by_role("button", name="Scan").click()
    await expect(phone.get_by_text("Device 1 · connected")).to_be_visible()
    await browser.online()

    await phone.get_by_label("Account", exact=True).select_option("5511900000002")
    await phone.get_by_label("Write to").fill("5511900000001")
    await phone.get_by_role("button", name="Open").click()
    await phone.get_by_label("Message", exact=True).fill("hello Ana")
    await phone.get_by_role("button", name="Send").click()
    await browser.wait_for("() => window.seen.some((e) => e.body === 'hello Ana')")
    await browser.js("() => WPP.chat.sendTextMessage('5511900000002', 'hello Bruno')")
    await expect(phone.locator("#messages li.theirs")).to_contain_text("hello Bruno")
    await expect(phone.locator("#messages li.mine .tick")).to_have_text("✓✓")

    await phone.get_by_label("Account", exact=True).select_option("5511900000001")
    await phone.get_by_role("button", name="Log out").click()
    await browser.wait_for("() => window.WPP?.isFullReady && !WPP.conn.isAuthenticated()")
    assert (browser.console, said) == ([], [])


async def test_a_person_plays_with_groups_and_troubles(server: Simulator, browser: Browser) -> None:
    ana = await server.account("5511900000001", "Ana")
    bruno = await server.account("5511900000002", "Bruno")
    await browser.open(server.url)
    await browser.link(ana)
    phone = await browser.context.new_page()
    said: list[str] = []
    phone.on("console", lambda message: said.append(message.text))
    phone.on("pageerror", lambda problem: said.append(str(problem)))
    await phone.goto(f"{server.url}/phone")
    await phone.get_by_label("Account", exact=True).select_option(bruno.number)
    await phone.get_by_role("button", name="New group").click()
    await phone.get_by_label("Subject").fill("Picnic")
    await phone.get_by_label("Ana", exact=True).check()
    await phone.get_by_role("button", name="Create group").click()
    await phone.get_by_label("Message", exact=True).fill("who brings breed?")
    await phone.get_by_role("button", name="Send").click()
    received = await browser.event("new_message", body="who brings breed?")
    await phone.get_by_role("button", name="edit").click()
    await phone.get_by_label("Message", exact=True).fill("who brings bread?")
    await phone.get_by_role("button", name="Send").click()
    await browser.event("msg_edited", body="who brings bread?")
    await browser.js("(k) => WPP.chat.sendReactionToMessage(k, '🍞')", received["id"])
    await expect(phone.locator("#messages .reactions")).to_have_text("🍞")
    await phone.get_by_role("button", name="delete").click()
    await browser.event("msg_revoke", refId=received["id"])
    await expect(phone.locator("#messages")).to_contain_text("This message was deleted")

    await phone.get_by_label("Account", exact=True).select_option(ana.number)
    await phone.get_by_role("button", name="Troubles").click()
    await phone.get_by_role("button", name="Open elsewhere").click()
    await browser.wait_for("() => WPP.conn.getStreamData().mode === 'CONFLICT'")
    await browser.page.get_by_role("button", name="Use here").click()
    await browser.wait_for("() => WPP.conn.getStreamData().mode === 'MAIN'")
    await phone.get_by_label("is banned").check()
    await browser.wait_for("() => WPP.conn.getStreamData().mode === 'TOS_BLOCK'")
    assert (browser.console, said) == ([], [])
