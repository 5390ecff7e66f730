"""Trouble on order: bans, limits, slow and odd deliveries, dead pages, passkeys, hidden numbers, absent phones."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Playwright, async_playwright

from tests.integration.simulator_driver import Browser, Phone, Simulator, browser_on, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODE = "() => WPP.conn.getStreamData().mode"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path_factory.mktemp("network")).running() as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def profile(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with browser_on(playwright, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def simulator(server: Simulator) -> AsyncIterator[Simulator]:
    async with server.fresh() as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="module")
async def ana(simulator: Simulator) -> Phone:
    return await simulator.account("5511900000001", "Ana")


@pytest_asyncio.fixture(loop_scope="module")
async def bruno(simulator: Simulator) -> Phone:
    return await simulator.account("5511900000002", "Bruno")


@pytest_asyncio.fixture(loop_scope="module")
async def browser(profile: Browser, simulator: Simulator, ana: Phone) -> AsyncIterator[Browser]:
    """The same browser for all tests, each time as a new device on an empty network."""
    await profile.leave()
    devtools = await profile.context.new_cdp_session(profile.page)
    await devtools.send("Storage.clearDataForOrigin", {"origin": simulator.url, "storageTypes": "all"})
    await profile.open(simulator.url)
    await profile.link(ana)
    yield profile
    assert profile.console == []


async def test_a_banned_account_is_stopped_and_comes_back_when_the_ban_is_lifted(
    browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.send(bruno, "before")
    await ana.change(banned=True)
    await browser.wait_for("() => WPP.conn.getStreamData().mode === 'TOS_BLOCK'")
    unsent = await browser.send(bruno, "while banned", waitForAck=False)
    assert unsent["ack"] == 0
    assert (await ana.call("POST", "/messages", {"to": bruno.number, "text": "x"}, 403))["error"] == "banned"
    await browser.page.reload()
    # wa-js waits for a page that shows codes or chats, so it never calls itself fully ready here.
    await browser.wait_for("() => WPP.isInjected && WPP.conn.getStreamData().mode === 'TOS_BLOCK'")
    assert await browser.js("() => WPP.conn.isAuthenticated() && !WPP.isFullReady")
    await ana.change(banned=False)
    await browser.page.reload()
    await browser.ready()
    await browser.online()
    await browser.wait_for("(k) => WPP.chat.getMessageById(k).then((m) => m.ack >= 1)", unsent["id"])
    assert await bruno.texts(ana) == ["before", "while banned"]


async def test_a_restricted_account_can_answer_but_not_begin(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    carla = await simulator.account("5511900000003", "Carla")
    await bruno.send(ana, "write to me")
    await browser.event("new_message", body="write to me")
    now = (await simulator.call("GET", "/clock"))["now_ms"]
    await ana.change(restricted_until=now + 3_600_000)
    assert (await browser.send(bruno, "gladly"))["ack"] == 1
    refused = await browser.send(carla, "hello stranger")
    assert refused["ack"] == -1
    assert refused["sendMsgResult"]["errorCode"] == 463
    assert await browser.js("(k) => WPP.chat.getMessageById(k).then((m) => m.errorCode)", refused["id"]) == 463
    assert (await simulator.counts())["refused"] == {"new_chats_restricted": 1}
    await simulator.call("POST", "/clock", {"advance_ms": 3_600_001})
    assert (await browser.send(carla, "hello again"))["ack"] == 1


async def test_a_slow_account_waits_and_keeps_its_order(browser: Browser, ana: Phone, bruno: Phone) -> None:
    await browser.send(bruno, "quick")
    await ana.change(latency_ms=300, jitter_ms=200)
    began = time.monotonic()
    await browser.send(bruno, "slow")
    assert time.monotonic() - began >= 0.3
    for n in range(5):
        await bruno.send(ana, f"n{n}")
    await browser.event("new_message", body="n4")
    bodies = [e["body"] for e in await browser.events("new_message") if e["body"].startswith("n")]
    assert bodies == [f"n{n}" for n in range(5)]


async def test_duplicates_are_told_once_and_receipts_twice(browser: Browser, ana: Phone, bruno: Phone) -> None:
    await ana.change(duplicates=True)
    await bruno.send(ana, "twice")
    await browser.event("new_message", body="twice")

    async def taken() -> bool:
        return all(d["waiting"] == 0 for d in await ana.call("GET", "/devices"))

    await until(taken, what="the device did not take everything")
    assert await browser.js("(c) => WPP.chat.get(c).unreadCount", bruno.jid) == 1
    sent = (await browser.send(bruno, "receipt"))["id"]

    async def both() -> bool:
        return await browser.acks(sent) == [1, 2, 2]

    await until(both, what="the receipt did not come twice")
    assert [e["body"] for e in await browser.events("new_message") if not e["fromMe"]] == ["twice"]


async def test_delayed_chats_are_overtaken_but_stay_in_order(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    carla = await simulator.account("5511900000003", "Carla")
    await ana.change(delivery_delays={bruno.number: 600})
    for n in range(3):
        await bruno.send(ana, f"late {n}")
    await carla.send(ana, "first")
    await browser.event("new_message", body="late 2")
    bodies = [e["body"] for e in await browser.events("new_message")]
    assert bodies == ["first", "late 0", "late 1", "late 2"]


async def test_what_was_held_back_survives_a_restart(simulator: Simulator, browser: Browser, ana: Phone) -> None:
    bruno = await simulator.account("5511900000002", "Bruno")
    await ana.change(delivery_delays={"*": 600_000})
    await bruno.send(ana, "held")
    await simulator.stop()
    await simulator.start()
    await browser.event("new_message", body="held")
    browser.console[:] = [line for line in browser.console if "ERR_CONNECTION_REFUSED" not in line]


async def test_a_page_hangs_and_comes_back(browser: Browser, ana: Phone, bruno: Phone) -> None:
    assert await ana.call("POST", "/page", {"action": "hang", "ms": 1500}) == {"pages": 1}
    await bruno.send(ana, "are you there?")

    async def slow() -> bool:
        began = time.monotonic()
        await browser.js("() => 1")
        return time.monotonic() - began > 0.3

    await until(slow, what="the page did not hang")
    await browser.event("new_message", body="are you there?")
    assert (await ana.call("POST", "/page", {"action": "faint"}, 400))["error"] == "bad_action"


async def test_another_browser_takes_over_and_is_taken_back(browser: Browser, ana: Phone, bruno: Phone) -> None:
    await ana.call("POST", "/conflict")
    await browser.wait_for("() => WPP.conn.getStreamData().mode === 'CONFLICT'")
    await bruno.send(ana, "for whoever is there")
    await browser.page.get_by_role("button", name="Use here").click()
    await browser.event("new_message", body="for whoever is there")
    assert await browser.js(MODE) == "MAIN"


async def test_a_newer_build_is_noticed_until_the_page_is_loaded_again(simulator: Simulator, browser: Browser) -> None:
    newer = "2.3000.1045999999"
    await simulator.call("PATCH", "/settings", {"build": newer})
    await browser.event("needs_update")
    assert await browser.js("() => WPP.conn.needsUpdate()")
    await browser.page.reload()
    await browser.ready()
    await browser.online()
    assert not await browser.js("() => WPP.conn.needsUpdate()")
    assert await browser.js("() => WPP.conn.getBuildConstants().VERSION_STR") == newer


async def test_a_server_that_turns_everybody_away_is_waited_for(
    simulator: Simulator, browser: Browser, bruno: Phone
) -> None:
    await simulator.call("POST", "/outage", {"ms": 1000})
    await browser.wait_for("() => !WPP.conn.isOnline()")
    sent = await browser.send(bruno, "sent into the dark", waitForAck=False)
    assert sent["ack"] == 0
    await browser.wait_for("(k) => WPP.chat.getMessageById(k).then((m) => m.ack >= 1)", sent["id"])


async def test_a_hidden_number_is_unknown_until_it_is_learnt(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await bruno.change(hide_number=True)
    lid = await simulator.lid(bruno)
    await bruno.send(ana, "guess who")
    assert (await browser.event("new_message", body="guess who"))["from"] == lid
    known = "(lid) => String(WPP.whatsapp.lidPnCache.getPhoneNumber(WPP.util.createWid(lid)) ?? null)"
    assert await browser.js(known, lid) == "null"
    answer = await browser.send(lid, "no idea")
    assert answer["to"] == lid
    await bruno.change(hide_number=False)
    await browser.wait_for(f"(lid) => ({known})(lid) === '{bruno.jid}'", lid)
    await bruno.send(ana, "it is me")
    assert (await browser.event("new_message", body="it is me"))["from"] == lid


async def test_asking_for_a_number_teaches_whose_hidden_id_it_is(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await bruno.change(hide_number=True)
    lid = await simulator.lid(bruno)
    await bruno.send(ana, "guess who")
    await browser.event("new_message", body="guess who")
    found = await browser.js("(n) => WPP.contact.queryExists(n).then((f) => String(f.lid))", bruno.jid)
    assert found == lid
    assert (await browser.send(bruno, "found you"))["to"] == lid


async def test_a_phone_away_for_two_weeks_logs_its_devices_out(
    simulator: Simulator, browser: Browser, ana: Phone
) -> None:
    await ana.change(online=False)
    day = 86_400_000
    await simulator.call("POST", "/clock", {"advance_ms": 13 * day})
    assert len(await ana.call("GET", "/devices")) == 1
    await simulator.call("POST", "/clock", {"advance_ms": 2 * day})
    assert await ana.call("GET", "/devices") == []
    await browser.wait_for("() => window.WPP?.isFullReady && !WPP.conn.isAuthenticated()")


async def test_a_passkey_is_demanded_after_the_scan(
    playwright: Playwright, tmp_path: Path, simulator: Simulator, ana: Phone
) -> None:
    """By name, not by address: WebAuthn knows no relying party that is an IP address."""
    await ana.change(passkey=True)
    async with browser_on(playwright, tmp_path / "profile") as browser:
        await browser.open(simulator.url.replace("127.0.0.1", "localhost"))
        for how in ("refuse", "approve"):
            code = await browser.code()
            assert await ana.call("POST", "/scan", {"code": code}) == {"device": None, "passkey": True}
            await browser.page.get_by_role("button", name="Continue").wait_for()
            assert not await browser.js("() => WPP.conn.isAuthenticated()")
            assert await ana.call("GET", "/devices") == []
            await ana.call("POST", "/passkey", {"answer": how})
            await browser.page.get_by_role("button", name="Continue").wait_for(state="hidden")
        await browser.wait_for("() => WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()")
        await ana.call("POST", "/logout")
        await browser.wait_for("() => location.search.includes('post_logout') && window.WPP?.isFullReady")

        await give_authenticator(browser)
        await ana.call("POST", "/scan", {"code": await browser.code()})
        await browser.page.get_by_role("button", name="Continue").click()
        await browser.wait_for("() => WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()")
        assert browser.console == []


async def give_authenticator(browser: Browser) -> None:
    """A virtual authenticator with a passkey for this page: what a person's own machine would have."""
    script = """async () => {
      const pair = await crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, true, ['sign']);
      const key = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
      return btoa(String.fromCharCode(...key));
    }"""
    key = await browser.js(script)
    session = await browser.context.new_cdp_session(browser.page)
    await session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    credential = {"credentialId": "AAECAwQFBgcICQoLDA0ODw==", "isResidentCredential": True, "rpId": "localhost"}
    credential |= {"privateKey": key, "userHandle": "YW5h", "signCount": 1}
    await session.send("WebAuthn.addCredential", {"authenticatorId": made["authenticatorId"], "credential": credential})


async def test_a_page_that_allocates_until_it_dies(
    playwright: Playwright, tmp_path: Path, simulator: Simulator, ana: Phone, bruno: Phone
) -> None:
    async with browser_on(playwright, tmp_path / "profile") as browser:
        await browser.open(simulator.url)
        await browser.link(ana)
        crashed: list[bool] = []
        browser.page.on("crash", lambda _: crashed.append(True))
        await ana.call("POST", "/page", {"action": "crash"})

        async def dead() -> bool:
            return bool(crashed)

        await until(dead, seconds=20, what="the page did not die")
        await bruno.send(ana, "still linked?")
        browser.page = await browser.context.new_page()
        await browser.open(simulator.url)
        has = "(c) => WPP.chat.get(c)?.msgs.map((m) => m.body).includes('still linked?')"
        await browser.wait_for(has, bruno.jid)


async def test_a_profile_of_the_first_version_is_taken_over(
    playwright: Playwright, tmp_path: Path, simulator: Simulator, ana: Phone
) -> None:
    async with browser_on(playwright, tmp_path / "profile") as browser:
        await browser.page.goto(f"{simulator.url}/control/counts")
        await browser.js("""() => new Promise((done) => {
          const opening = indexedDB.open('model-storage', 1);
          opening.onupgradeneeded = () => {
            const stores = {meta: 'key', messages: 'key', chats: 'id', contacts: 'number'};
            for (const name in stores) opening.result.createObjectStore(name, {keyPath: stores[name]});
            const person = {number: '5511900000009', lid: '299', name: 'Zoe'};
            opening.transaction.objectStore('contacts').put(person);
          };
          opening.onsuccess = () => { opening.result.close(); done(); };
        })""")
        await browser.open(simulator.url)
        known = "() => String(WPP.whatsapp.lidPnCache.getCurrentLid(WPP.util.createWid('5511900000009@c.us')))"
        assert await browser.js(known) == "299@lid"
        await browser.link(ana)
        assert browser.console == []
