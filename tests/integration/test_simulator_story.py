"""The simulated page under unmodified wa-js: linking, sending, receiving, and what survives a restart."""

import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Playwright

from tests.integration.phone_network import (
    ANA,
    BRUNO,
    ana_on_it,
    emptied_simulator,
    started_playwright,
    started_server,
)
from tests.integration.simulator_driver import Browser, Phone, Simulator, browser_on, until

__all__ = ["ana_on_it", "emptied_simulator", "started_playwright", "started_server"]


@pytest.fixture
async def browser(playwright: Playwright, tmp_path: Path) -> AsyncIterator[Browser]:
    async with browser_on(playwright, tmp_path / "profile") as browser:
        yield browser


@pytest.fixture
async def bruno(simulator: Simulator) -> Phone:
    return await simulator.account(BRUNO, "Bruno", auto_read=True)


async def acks_reach(browser: Browser, message_id: str, wanted: list[int]) -> None:
    async def look() -> bool:
        return len(await browser.acks(message_id)) >= len(wanted)

    await until(look, what=f"acks of {message_id}")
    assert await browser.acks(message_id) == wanted


async def texts_reach(phone: Phone, peer: Phone, wanted: list[str]) -> None:
    async def look() -> bool:
        return len(await phone.texts(peer)) >= len(wanted)

    await until(look, what=f"{wanted} on the phone")
    assert await phone.texts(peer) == wanted


async def test_a_whole_conversation_leaves_the_console_clean(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.open(simulator.url)
    assert not await browser.js("() => WPP.conn.isAuthenticated()")
    device = await browser.link(ana)
    names = [e["event"] for e in await browser.js("() => window.seen")]
    assert names.index("authenticated") < names.index("main_loaded")

    key = await browser.new_id(bruno)
    sent = await browser.send(bruno, "good morning", messageId=key)
    assert sent["id"] == key
    assert sent["sendMsgResult"]["messageSendResult"] == "OK"
    await acks_reach(browser, key, [1, 2, 3])
    [filed] = await bruno.messages(ana)
    assert (filed["text"], filed["ack"], filed["via"]) == ("good morning", 3, f"device:{device}")

    await bruno.send(ana, "good morning to you", reply_to=key)
    await browser.wait_for("() => window.seen.some((e) => e.event === 'new_message' && !e.fromMe)")
    received = (await browser.events("new_message"))[-1]
    assert (received["body"], received["notifyName"]) == ("good morning to you", "Bruno")
    assert key.endswith(received["quoted"])
    assert await browser.js("(id) => WPP.chat.getQuotedMsg(id).then((m) => String(m.id))", received["id"]) == key

    await browser.send(bruno, "answering", quotedMsg=received["id"])
    await texts_reach(bruno, ana, ["good morning", "good morning to you", "answering"])
    assert (await bruno.messages(ana))[-1]["quoted_id"] == received["id"].split("_")[2]

    bodies = await browser.js(
        "(id) => WPP.chat.getMessages(id, {count: 10}).then((all) => all.map((m) => m.body))", bruno.jid
    )
    assert bodies == ["good morning", "good morning to you", "answering"]
    assert browser.console == []


async def test_typing_presence_reading_and_looking_up_numbers(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.open(simulator.url)
    await browser.link(ana)
    assert await browser.js("() => WPP.contact.queryExists('5511988887777')") is None
    found = await browser.js(
        "(id) => WPP.contact.queryExists(id).then((f) => [String(f.wid), String(f.lid)])", bruno.jid
    )
    [account] = [a for a in await simulator.call("GET", "/accounts") if a["number"] == BRUNO]
    assert found == [bruno.jid, account["lid"]]

    sent = await bruno.send(ana, "are you there?")
    await browser.wait_for("(id) => WPP.chat.get(id)?.unreadCount === 1", bruno.jid)
    await browser.js("(id) => WPP.contact.subscribePresence(id)", bruno.jid)
    await bruno.call("POST", "/presence", {"state": "available"})
    await browser.wait_for("() => window.seen.some((e) => e.event === 'presence' && e.isOnline)")
    await bruno.call("POST", "/typing", {"to": ana.number, "state": "composing"})
    await browser.wait_for("() => window.seen.some((e) => e.event === 'presence' && e.state === 'typing')")

    await browser.js("(id) => WPP.chat.markIsComposing(id)", bruno.jid)
    await browser.js("(id) => WPP.chat.markIsRead(id)", bruno.jid)

    async def noticed() -> bool:
        trace = await simulator.call("GET", "/trace?after=0")
        typed = any(t["event"] == "typing" and t["sender"] == ANA for t in trace)
        return typed and any(t["event"] == "read" and t["ids"] == [sent] for t in trace)

    await until(noticed, what="typing and read receipt")
    assert browser.console == []


async def test_codes_rotate_then_idle_and_come_back_when_asked(
    simulator: Simulator, browser: Browser, ana: Phone
) -> None:
    await simulator.call("PATCH", "/settings", {"qr_first_ms": 1500, "qr_next_ms": 300, "qr_count": 3})
    await browser.open(simulator.url)
    first = await browser.code()
    await browser.wait_for("() => window.seen.some((e) => e.event === 'qrcode_idle')")
    shown = [e["value"] for e in await browser.events("auth_code_change") if e["value"]]
    assert len(set(shown)) == 3
    assert len({code.split(",")[0] for code in shown}) == 3
    assert await simulator.call("GET", "/codes") == []
    await ana.call("POST", "/scan", {"code": first}, 410)
    await ana.call("POST", "/scan", {"code": "2@nothing,a,b,c"}, 404)
    await simulator.call("PATCH", "/settings", {"qr_first_ms": 60_000})
    fresh = await browser.js("() => WPP.conn.refreshQR().then((c) => c.fullCode)")
    assert fresh not in shown
    await browser.link(ana)
    await ana.call("POST", "/scan", {"code": fresh}, 409)
    assert browser.console == []


async def test_a_code_typed_into_the_phone_links_too(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.open(simulator.url)
    code = await browser.js("(n) => WPP.conn.startLinkDeviceCodeForPhoneNumber(n)", ANA)
    assert len(code) == 8
    await until(lambda: code_is_shown(simulator, code))
    await bruno.call("POST", "/scan", {"code": code}, 404)
    await ana.call("POST", "/scan", {"code": f"{code[:4]}-{code[4:]}"})
    await browser.wait_for("() => WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()")
    assert browser.console == []


async def code_is_shown(simulator: Simulator, code: str) -> bool:
    return any(c.get("link_code") == code for c in await simulator.call("GET", "/codes"))


async def test_a_killed_browser_comes_back_linked_and_takes_only_its_backlog(
    simulator: Simulator, playwright: Playwright, tmp_path: Path, ana: Phone, bruno: Phone
) -> None:
    profile = tmp_path / "profile"
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        await browser.link(ana)
        key = await browser.new_id(bruno)
        await browser.send(bruno, "before", messageId=key)
        away = await simulator.account("5511900000003", "Carla", online=False)
        await browser.send(away, "vouched for, not delivered")
        await bruno.send(ana, "taken before")
        await browser.wait_for("() => window.seen.some((e) => e.body === 'taken before')")
        await until(lambda: nothing_waits(ana))
        await browser.kill()
    for text in ("while you were away", "and again"):
        await bruno.send(ana, text)
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        assert await browser.js("() => WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()")
        assert await browser.js("(k) => WPP.chat.getMessageById(k).then((m) => m.body)", key) == "before"
        await until(lambda: nothing_waits(ana))
        bodies = await browser.js("(c) => WPP.chat.get(c).msgs.map((m) => m.body)", bruno.jid)
        assert bodies == ["before", "taken before", "while you were away", "and again"]
        assert not await browser.events("authenticated")
        await browser.page.reload()
        await browser.ready()
        assert await browser.js("(c) => WPP.chat.get(c).msgs.length", bruno.jid) == 4
        await browser.online()
        assert browser.console == []
    counts = await simulator.counts()
    assert (counts["two_browsers"], counts["copies_dropped"], counts["messages_filed"]) == (0, 0, 5)


async def nothing_waits(phone: Phone) -> bool:
    return all(d["waiting"] == 0 for d in await phone.call("GET", "/devices"))


async def test_a_message_sent_while_the_server_is_down_arrives_once(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.open(simulator.url)
    await browser.link(ana)
    await browser.send(bruno, "one")
    await simulator.stop(signal.SIGKILL)
    await browser.wait_for("() => !WPP.conn.isOnline()")
    sent = await browser.send(bruno, "two", waitForAck=False)
    assert sent["ack"] == 0
    await simulator.start()
    await acks_reach(browser, sent["id"], [1, 2, 3])
    assert await bruno.texts(ana) == ["one", "two"]
    assert (await simulator.counts())["messages_filed"] == 2
    # The browser itself reports refused connections; nothing else may be said.
    assert [line for line in browser.console if "ERR_CONNECTION_REFUSED" not in line] == []


async def test_an_unsent_message_survives_a_killed_browser(
    simulator: Simulator, playwright: Playwright, tmp_path: Path, ana: Phone, bruno: Phone
) -> None:
    profile = tmp_path / "profile"
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        await browser.link(ana)
        await simulator.call("PATCH", f"/accounts/{ANA}", {"delays": {"ack1_ms": 60_000}})
        sent = await browser.send(bruno, "still here", waitForAck=False)
        await simulator.stop(signal.SIGKILL)
        await browser.kill()
    await simulator.start()
    await simulator.call("PATCH", f"/accounts/{ANA}", {"delays": {"ack1_ms": None}})
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        await browser.wait_for("(k) => WPP.chat.getMessageById(k).then((m) => m.ack >= 1)", sent["id"])
    assert await bruno.texts(ana) == ["still here"]


async def test_logout_from_the_phone_and_from_the_page(simulator: Simulator, browser: Browser, ana: Phone) -> None:
    await browser.open(simulator.url)
    for log_out in ("phone", "page"):
        await browser.link(ana)
        await browser.js("() => { window.left = true; }")
        if log_out == "phone":
            await ana.call("POST", "/logout", {})
        else:
            await browser.js("() => void WPP.conn.logout()")
        await browser.wait_for("() => !window.left && window.WPP?.isFullReady")
        assert browser.page.url == f"{simulator.url}/?post_logout=1"
        assert not await browser.js("() => WPP.conn.isAuthenticated()")
        assert await ana.call("GET", "/devices") == []
    assert (await simulator.counts())["logouts"] == 2
    assert browser.console == []


async def test_an_old_copy_of_the_profile_has_forgotten_and_must_renew_its_session(
    simulator: Simulator, playwright: Playwright, tmp_path: Path, ana: Phone, bruno: Phone
) -> None:
    profile, backup = tmp_path / "profile", tmp_path / "backup"
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        await browser.link(ana)
        await browser.send(bruno, "kept")
    shutil.copytree(profile, backup, symlinks=True)
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        later = (await browser.send(bruno, "after the backup"))["id"]
        await bruno.send(ana, "taken after the backup")
        await browser.wait_for("() => window.seen.some((e) => e.body === 'taken after the backup')")
        await until(lambda: nothing_waits(ana))
    async with browser_on(playwright, backup) as browser:
        await browser.open(simulator.url)
        bodies = await browser.js("(c) => WPP.chat.get(c).msgs.map((m) => m.body)", bruno.jid)
        assert bodies == ["kept"]
        again = await browser.send(bruno, "after the backup", messageId=later)
        assert again["sendMsgResult"]["messageSendResult"] == "OK"
    counts = await simulator.counts()
    assert counts["refused"] == {"counter_reused": 1}
    assert counts["copies_dropped"] == 1
    assert await bruno.texts(ana) == ["kept", "after the backup", "taken after the backup"]


async def test_two_browsers_as_one_device_are_noticed_and_the_older_is_replaced(
    simulator: Simulator, playwright: Playwright, tmp_path: Path, ana: Phone
) -> None:
    profile, copy = tmp_path / "profile", tmp_path / "copy"
    async with browser_on(playwright, profile) as browser:
        await browser.open(simulator.url)
        await browser.link(ana)
    shutil.copytree(profile, copy, symlinks=True)
    async with browser_on(playwright, profile) as older, browser_on(playwright, copy) as newer:
        await older.open(simulator.url)
        await newer.open(simulator.url)
        await newer.online()
        await older.wait_for("() => WPP.conn.getStreamData().mode === 'CONFLICT'")
        assert (await simulator.counts())["two_browsers"] == 1
        assert await newer.js("() => WPP.conn.getStreamData().mode") == "MAIN"


async def test_chats_move_to_hidden_ids_and_messages_go_on(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await browser.open(simulator.url)
    await browser.link(ana)
    first = (await browser.send(bruno, "by number"))["id"]
    [account] = [a for a in await simulator.call("GET", "/accounts") if a["number"] == BRUNO]
    await simulator.call("PATCH", f"/accounts/{ANA}", {"lid_chats": True})
    await browser.wait_for("(lid) => Boolean(WPP.chat.get(lid))", account["lid"])
    moved = first.replace(bruno.jid, account["lid"])
    assert await browser.js("(k) => WPP.chat.getMessageById(k).then((m) => m.body)", moved) == "by number"
    sent = await browser.send(bruno, "by hidden id")
    assert sent["to"] == account["lid"]
    await acks_reach(browser, sent["id"], [1, 2, 3])
    await bruno.send(ana, "received")
    await browser.wait_for("() => window.seen.some((e) => e.body === 'received')")
    assert (await browser.events("new_message"))[-1]["from"] == account["lid"]
    await browser.page.reload()
    await browser.ready()
    assert await browser.js("(c) => WPP.chat.get(c).msgs.length", account["lid"]) == 3
    assert browser.console == []


async def test_the_page_refuses_to_send_before_login_and_fails_unknown_numbers(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    attempt = "(to) => WPP.chat.sendTextMessage(to, 'hi').then(() => 'sent', (problem) => problem.message)"
    await browser.open(simulator.url)
    assert "not linked" in await browser.js(attempt, bruno.jid)
    await browser.link(ana)
    unknown = await browser.js("() => WPP.chat.sendTextMessage('5511988887777', 'anyone?')")
    assert (unknown["ack"], unknown["sendMsgResult"]["messageSendResult"]) == (-1, "ERROR_UNKNOWN")
    assert (await browser.send(bruno, "still works"))["ack"] == 1
    # Asked whether it exists, and then sent to all the same: refused both times.
    assert (await simulator.counts())["refused"] == {"unknown_number": 2}
    assert browser.console == []


async def test_a_new_device_is_handed_history_that_is_not_news(
    simulator: Simulator, browser: Browser, ana: Phone, bruno: Phone
) -> None:
    await simulator.call("PATCH", f"/accounts/{ANA}", {"lid_chats": True})
    await bruno.send(ana, "long ago")
    await ana.send(bruno, "answered long ago")
    await browser.open(simulator.url)
    await browser.link(ana)
    [chat] = await browser.js(
        "() => WPP.chat.list().then((all) => all.map((c) => [c.id.server, c.unreadCount, c.msgs.map((m) => m.body)]))"
    )
    assert chat == ["lid", 0, ["long ago", "answered long ago"]]
    assert await browser.events("new_message") == []
