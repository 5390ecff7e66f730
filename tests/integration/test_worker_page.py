"""The worker's browser side on the simulated page: linking, sending, receiving, crashes, no loss."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright

from containers.worker import browser as launching
from containers.worker.browser import Place, launch
from containers.worker.identity import Identity
from containers.worker.observations import (
    AckSeen,
    BrowserGone,
    CodeShown,
    Gap,
    LoggedOut,
    LoginSeen,
    MessageSeen,
    PageCrashed,
    PageTrouble,
    PresenceSeen,
    TypingSeen,
)
from containers.worker.page_calls import query_exists, save_contact, saved_contacts, subscribe_presence
from containers.worker.processes import find_process, is_alive
from containers.worker.script import CREDITS
from tests.integration.phone_network import (
    ANA,
    BRUNO,
    ana_on_it,
    bruno_on_it,
    emptied_simulator,
    started_playwright,
    started_server,
)
from tests.integration.simulator_driver import Phone, Simulator, until
from tests.integration.worker_driver import Session, browser_pids, children_of, command_line, session_on
from waypost.errors import Conflict, NetworkError, SessionNotLinked, WhatsAppError

__all__ = ["ana_on_it", "bruno_on_it", "emptied_simulator", "started_playwright", "started_server"]

HEX = "3EB0" + "0A1B2C3D4E5F607182"
OTHER_HEX = "3EB0" + "F" * 18

# Counts what reaches WhatsApp's own code: its network would hide a second copy.
COUNT_HANDED = """
const sending = importNamespace('WAWebSendMsgChatAction');
const send = sending.addAndSendMsgToChat;
window.handed = [];
sending.addAndSendMsgToChat = (...message) => { window.handed.push(message[1].id.id); return send(...message); };
true; // a function as the last value would be called
"""


@pytest.fixture
async def session(playwright: Playwright, simulator: Simulator, ana: Phone, tmp_path: Path) -> AsyncIterator[Session]:
    async with session_on(playwright, simulator.url, tmp_path) as session:
        await session.link(ana)
        yield session


@pytest.fixture
async def bare(playwright: Playwright, simulator: Simulator, tmp_path: Path) -> AsyncIterator[Session]:
    """A session that nobody linked."""
    async with session_on(playwright, simulator.url, tmp_path) as session:
        yield session


async def test_a_linked_session_sends_and_receives_with_a_clean_console(
    session: Session, ana: Phone, bruno: Phone
) -> None:
    login = await session.page.login_state()
    assert (login.working, login.wa_js) == (True, "4.6.0")
    assert login.me.pn == f"{ANA}@c.us"
    assert login.me.lid
    assert login.build

    sent = await session.page.send_text(bruno.jid, "hello", HEX)
    assert (sent.key, sent.error) == (f"true_{bruno.jid}_{HEX}", None)
    await session.wait_for(AckSeen, lambda ack: ack.ack == 2)
    await bruno.call("POST", "/read", {"with": ANA})
    await session.wait_for(AckSeen, lambda ack: ack.ack == 3)
    assert [ack.ack for ack in session.of(AckSeen) if HEX in ack.ids] == [1, 2, 3]

    answer = await bruno.send(ana, "hi", reply_to=HEX)
    seen = await session.wait_for(MessageSeen, lambda message: message.key.id == answer)
    assert (seen.body, seen.type, seen.quoted_id, seen.name) == ("hi", "chat", HEX, "Bruno")
    assert seen.author == seen.chat
    assert seen.author
    assert seen.author.pn == bruno.jid
    assert seen.author.lid

    replied = await session.page.send_text(bruno.jid, "and you", OTHER_HEX, quoted=answer, wait_ack=10)
    assert replied.ack >= 1
    own = await session.wait_for(MessageSeen, lambda message: message.key.id == OTHER_HEX)
    assert (own.key.from_me, own.author, own.quoted_id) == (True, None, answer)

    recent = await session.page.recent_messages(10)
    assert [message.body for message in recent] == ["hello", "hi", "and you"]
    assert await session.page.ping()
    assert session.of(PageTrouble) + session.of(Gap) == []
    assert session.console == []


async def test_a_message_is_handed_over_once_whoever_asks_again(session: Session, bruno: Phone, ana: Phone) -> None:
    sheet = session.browser.context.pages[0]
    await sheet.evaluate(COUNT_HANDED)
    first, second = await asyncio.gather(
        session.page.send_text(bruno.jid, "once", HEX), session.page.send_text(bruno.jid, "once", HEX)
    )
    third = await session.page.send_text(bruno.jid, "once", HEX, wait_ack=10)
    assert first.key == second.key == third.key
    await session.page.send_text(bruno.jid, "later", OTHER_HEX, wait_ack=10)

    async def arrived() -> bool:
        return "later" in await bruno.texts(ana)

    await until(arrived)
    assert await bruno.texts(ana) == ["once", "later"]
    assert await sheet.evaluate("window.handed") == [HEX, OTHER_HEX]


async def test_under_a_hidden_id_the_chat_part_is_the_pages(session: Session, ana: Phone, bruno: Phone) -> None:
    await ana.call("PATCH", "", {"lid_chats": True})

    async def sent_to_lid() -> bool:
        # The page reloads when the form of its chats changes.
        try:
            sent = await session.page.send_text(bruno.jid, "hello", HEX)
        except (NetworkError, SessionNotLinked):
            return False
        return sent.chat_id.endswith("@lid")

    await until(sent_to_lid)
    found = await session.page.find_message(HEX, [bruno.jid])
    assert found
    assert found.chat_id.endswith("@lid")
    assert await session.page.find_message(HEX, [found.chat_id]) is not None
    await session.wait_for(AckSeen, lambda ack: HEX in ack.ids and ack.ack == 2 and ack.person is not None)


async def test_who_is_saved_in_the_address_book_is_told_and_nobody_else(
    session: Session, ana: Phone, bruno: Phone
) -> None:
    await session.page.send_text(bruno.jid, "hello", HEX)
    assert await saved_contacts(session.page) == []
    await save_contact(session.page, bruno.jid, "Bruno B.")

    async def told() -> bool:
        return [one.pn for one in await saved_contacts(session.page)] == [bruno.jid]

    await until(told)


async def test_typing_and_presence_are_told(session: Session, ana: Phone, bruno: Phone) -> None:
    await session.page.send_text(bruno.jid, "hello", HEX)
    await subscribe_presence(session.page, [bruno.jid])
    await bruno.call("POST", "/presence", {"state": "available"})
    await bruno.call("POST", "/typing", {"to": ANA, "state": "composing"})
    await session.wait_for(TypingSeen, lambda typing: typing.state == "composing")
    await session.wait_for(PresenceSeen, lambda presence: presence.online)
    await bruno.call("POST", "/typing", {"to": ANA, "state": "paused"})
    await session.wait_for(TypingSeen, lambda typing: typing.state == "paused")


async def test_what_whatsapp_refuses_has_a_code_and_no_number(session: Session) -> None:
    with pytest.raises(WhatsAppError) as refused:
        await session.page.send_text("no such chat", "hello", HEX)
    assert refused.value.code == "invalid_wid"
    with pytest.raises(WhatsAppError) as refused:
        await session.page.send_text(f"{BRUNO}@c.us", "hello", HEX, quoted=OTHER_HEX)
    assert refused.value.code == "quoted_msg_not_found"
    assert BRUNO not in str(refused.value)
    assert not (await query_exists(session.page, "5511999999999@c.us")).exists
    refusal = await session.page.send_text("5511999999999@c.us", "hello", OTHER_HEX, wait_ack=10)
    assert (refusal.ack, refusal.error) == (-1, "send_refused")
    await session.wait_for(AckSeen, lambda ack: (ack.ids, ack.ack) == ((OTHER_HEX,), -1))


async def test_a_logout_by_the_phone_is_told(session: Session, ana: Phone) -> None:
    await ana.call("POST", "/logout")
    assert (await session.wait_for(LoggedOut)).reason
    await session.wait_for(CodeShown, lambda shown: shown.code != session.of(CodeShown)[0].code and bool(shown.code))


async def test_logging_out_ends_the_link(session: Session, ana: Phone) -> None:
    await session.page.logout()
    await session.wait_for(LoggedOut)
    assert await ana.call("GET", "/devices") == []


async def test_before_the_login_nothing_is_sent(bare: Session) -> None:
    assert not (await bare.page.login_state()).authenticated  # asked before wa-js is there, too
    await bare.wait_for(CodeShown, lambda shown: shown.code is not None)
    await bare.wait_for(LoginSeen, lambda login: login.full_ready)
    with pytest.raises(SessionNotLinked):
        await bare.page.send_text(f"{BRUNO}@c.us", "hello", HEX)
    assert await bare.page.auth_code() == bare.of(CodeShown)[-1].code
    assert bare.console == []


async def test_after_a_reload_and_after_a_kill_the_login_is_restored(
    playwright: Playwright, simulator: Simulator, ana: Phone, bruno: Phone, tmp_path: Path
) -> None:
    async with session_on(playwright, simulator.url, tmp_path) as session:
        await session.link(ana)
        await session.page.send_text(bruno.jid, "before", HEX, wait_ack=10)
        before = len(session.seen)
        await session.page.reload()

        async def again() -> bool:
            return any(isinstance(one, LoginSeen) and one.working for one in session.seen[before:])

        await until(again)
        os.kill(browser_pids(tmp_path / "profile")[0], signal.SIGKILL)
        assert await asyncio.wait_for(session.browser.ended, 10) == BrowserGone()
        with pytest.raises(NetworkError) as gone:
            await session.page.find_message(HEX, [bruno.jid])
        assert gone.value.code == "page_gone"

    async with session_on(playwright, simulator.url, tmp_path) as session:
        assert (await session.wait_working()).me.pn == ana.jid
        assert [shown for shown in session.of(CodeShown) if shown.code] == []
        found = await session.page.find_message(HEX, [bruno.jid])
        assert found
        assert found.ack >= 1
        assert await session.page.find_message(OTHER_HEX, [bruno.jid]) is None


async def test_without_credit_the_page_waits_and_nothing_is_lost(
    session: Session, simulator: Simulator, ana: Phone, bruno: Phone
) -> None:
    session.storing.clear()
    before = len(session.batches)
    ids = [await bruno.send(ana, f"message {n}") for n in range(200)]

    async def all_in_page() -> bool:
        return len(await session.page.recent_messages(300)) == 200

    await until(all_in_page)
    assert len(session.batches) - before == CREDITS
    assert len(session.of(MessageSeen)) < 200
    session.storing.set()

    async def all_here() -> bool:
        return len(session.of(MessageSeen)) >= 200

    await until(all_here)
    assert [message.key.id for message in session.of(MessageSeen)] == ids
    assert session.of(Gap) == []


@pytest.mark.parametrize("end", ["reload", "stop"])
async def test_a_page_that_goes_away_hands_over_what_it_held(
    session: Session, ana: Phone, bruno: Phone, end: str
) -> None:
    session.storing.clear()
    ids = [await bruno.send(ana, f"message {n}") for n in range(100)]

    async def all_in_page() -> bool:
        return len(await session.page.recent_messages(300)) == 100

    await until(all_in_page)
    await (session.page.reload() if end == "reload" else session.browser.stop())

    async def all_here() -> bool:
        return [message.key.id for message in session.of(MessageSeen)] == ids

    await until(all_here)
    session.storing.set()
    assert session.of(Gap) == []


async def test_the_browser_shows_its_identity_and_reaches_one_host(
    playwright: Playwright, simulator: Simulator, tmp_path: Path
) -> None:
    identity = Identity(locale="pt-BR", timezone="America/Sao_Paulo", viewport=(1000, 700))
    async with session_on(playwright, simulator.url, tmp_path, identity) as session:
        sheet = session.browser.context.pages[0]
        shown = await sheet.evaluate(
            "[navigator.userAgent, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, innerWidth]"
        )
        assert shown[1:] == ["pt-BR", "America/Sao_Paulo", 1000]
        assert "Headless" not in shown[0]
        assert f"Chrome/{session.browser.chromium.split('.')[0]}." in shown[0]
        brands = await sheet.evaluate("navigator.userAgentData.brands.map((one) => one.brand)")
        assert "Google Chrome" in brands
        assert not [brand for brand in brands if "Headless" in brand]
        worker = "new Worker(URL.createObjectURL(new Blob(['postMessage(navigator.userAgent)'])))"
        told = await sheet.evaluate(f"new Promise((done) => {{ {worker}.onmessage = (m) => done(m.data); }})")
        assert told == shown[0]

        elsewhere = simulator.url.replace("127.0.0.1", "localhost")
        for url in (f"{elsewhere}/control/accounts", simulator.url.replace("127.0.0.1", "127.0.0.2")):
            with pytest.raises(PlaywrightError, match="Failed to fetch"):
                await sheet.evaluate("(url) => fetch(url, {mode: 'no-cors'}).then(() => true)", url)
        assert await sheet.evaluate("fetch('/').then((answer) => answer.ok)")
        assert any("ERR_NAME_NOT_RESOLVED" in line for line in session.console)


async def test_playwrights_own_features_are_kept(bare: Session, tmp_path: Path) -> None:
    assert bare.browser.chromium
    line = command_line(browser_pids(tmp_path / "profile")[0])
    enabled = [word.partition("=")[2].split(",") for word in line if word.startswith("--enable-features=")]
    assert enabled[-1] == list(launching.ENABLED_FEATURES)
    assert set(enabled[0]) <= set(enabled[-1]), "the last switch wins: repeat Playwright's own"
    assert len([word for word in line if word.startswith("--disable-features=")]) == 1


async def test_a_second_browser_on_the_profile_is_refused(
    bare: Session, playwright: Playwright, tmp_path: Path
) -> None:
    place = Place("ses_test", tmp_path / "profile", tmp_path / "run2")
    with pytest.raises(Conflict) as refused:
        await launch(playwright, place, Identity(), "http://127.0.0.1/")
    assert refused.value.code == "profile_in_use"
    assert await bare.page.ping()


async def test_a_crashed_renderer_is_noticed(bare: Session, tmp_path: Path) -> None:
    browser = browser_pids(tmp_path / "profile")[0]
    renderer = next(pid for pid in children_of(browser) if "--type=renderer" in " ".join(command_line(pid)))
    os.kill(renderer, signal.SIGKILL)
    assert await asyncio.wait_for(bare.browser.ended, 10) == PageCrashed()


async def test_a_browser_that_does_not_close_is_killed(
    bare: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "CLOSE_S", 0.5)
    browser = find_process(browser_pids(tmp_path / "profile")[0])
    assert browser
    os.kill(browser.pid, signal.SIGSTOP)
    assert not await bare.page.ping()
    await bare.browser.stop()
    assert not is_alive(browser)
