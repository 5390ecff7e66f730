"""The phone's page for a person: create an account, link by a code on a screen, write, read, log out."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, async_playwright, expect

from tests.corpus import pictures
from tests.corpus.files import made
from tests.integration.media_world import SEND_FILE, b64
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


async def test_a_person_sees_what_a_page_sends_and_sends_a_picture(server: Simulator, browser: Browser) -> None:
    ana, bruno = await server.account("5511900000001", "Ana"), await server.account("5511900000002", "Bruno")
    await browser.open(server.url)
    await browser.link(ana)
    picture, text = b64(made(pictures.jpeg)), {"type": "document", "mimetype": "text/plain", "filename": "notes.txt"}
    await browser.js(SEND_FILE, [bruno.jid, picture, {"type": "image", "mimetype": "image/jpeg", "caption": "the sea"}])
    await browser.js(SEND_FILE, [bruno.jid, b64(b"words"), text])
    await browser.js("(to) => WPP.chat.sendLocationMessage(to, {lat: 1, lng: 2, name: 'Pier'})", bruno.jid)
    await browser.js("(to) => WPP.chat.sendCreatePollMessage(to, 'Tea?', ['Yes', 'No'])", bruno.jid)

    phone = await browser.context.new_page()
    await phone.add_init_script(f"sessionStorage.setItem('me', '{bruno.number}')")
    await phone.goto(f"{server.url}/phone")
    await phone.get_by_label("Write to").fill(ana.number)
    await phone.get_by_role("button", name="Open").click()
    photo = phone.get_by_role("img", name="Photo")
    await expect(photo).to_be_visible()
    assert await photo.evaluate("(img) => img.decode().then(() => [img.naturalWidth, img.naturalHeight])") == [640, 480]
    await expect(phone.locator("#messages")).to_contain_text("the sea")
    async with phone.expect_download() as downloading:
        await phone.get_by_role("link", name="notes.txt").click()
    assert (await (await downloading.value).path()).read_bytes() == b"words"
    await expect(phone.get_by_role("link", name="Pier")).to_be_visible()
    await phone.get_by_role("button", name="Yes · 0").click()
    await expect(phone.get_by_role("button", name="Yes · 1")).to_have_attribute("aria-pressed", "true")

    answer = FilePayload(name="b.jpg", mimeType="image/jpeg", buffer=made(pictures.jpeg))
    await phone.get_by_label("Message", exact=True).fill("and mine")
    await phone.get_by_label("Attach a file").set_input_files(answer)
    await browser.wait_for("() => window.seen.some((e) => e.event === 'new_message')")
    shown = "() => WPP.whatsapp.MsgStore.getModelsArray().some((m) => m.type === 'image' && m.caption === 'and mine')"
    await browser.wait_for(shown)
    await phone.close()
