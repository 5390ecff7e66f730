"""Every kind of message through the worker's page to a phone: what arrives is what was given, once."""

import asyncio
import functools
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Playwright

from containers.worker import page_sending
from containers.worker.observations import AckSeen
from containers.worker.outgoing_files import plain_file
from containers.worker.page_sending import Outgoing
from media.preparing import prepare
from tests.corpus import documents, pictures, recordings
from tests.corpus.files import made
from tests.integration.phone_network import (
    ANA,
    ana_on_it,
    bruno_on_it,
    emptied_simulator,
    started_playwright,
    started_server,
)
from tests.integration.simulator_driver import Phone, Simulator, until
from tests.integration.worker_driver import Session, browser_pids, session_on
from waypost.domain.media import Ask, Kind, Prepared
from waypost.errors import WhatsAppError

__all__ = ["ana_on_it", "bruno_on_it", "emptied_simulator", "started_playwright", "started_server"]

SAID = {"image": "image", "gif": "video", "video": "video", "audio": "audio", "voice": "ptt", "document": "document",
        "sticker": "sticker"}  # fmt: skip
SOURCES: dict[Kind, Any] = {
    "image": pictures.jpeg,
    "gif": functools.partial(pictures.moving, "GIF"),
    "video": functools.partial(recordings.ready_video, seconds=1),
    "audio": functools.partial(recordings.sound, "a.mp3", seconds=1),
    "voice": functools.partial(recordings.sound, "a.mp3", seconds=1),
    "document": documents.text,
    "sticker": pictures.png,
}


def prepared(kind: Kind, folder: Path) -> tuple[Prepared, bytes]:
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(made(SOURCES[kind]))
    found, path = prepare(source, folder, Ask(kind=kind), lambda _: None)
    return found, path.read_bytes()


def hex_of(number: int) -> str:
    return f"3EB0{number:018X}"


async def give(session: Session, home: Path, data: bytes, hex_id: str, *, name: str, mime: str) -> Path:
    with plain_file(home, "ses_test", [data[:1000], data[1000:]]) as path:
        await page_sending.give_file(session.page, path, hex_id, name=name, mime=mime)
    return path


async def send(
    session: Session, home: Path, kind: Kind, data: bytes, to: str, number: int, mime: str, **more: Any
) -> Any:
    name = more.pop("name", f"{kind}.bin")
    await give(session, home, data, hex_of(number), name=name, mime=mime)
    outgoing = Outgoing(to, hex_of(number), more.pop("quoted", None), more.pop("mentions", ()))
    asked = {"caption": None, "view_once": False, "edge": 640, **more}
    return await page_sending.send_file(session.page, outgoing, kind, **asked)


async def arrived(simulator: Simulator, to: Phone, number: int) -> tuple[dict[str, Any], bytes]:
    async def look() -> list[dict[str, Any]]:
        return [message for message in await to.messages(ANA) if message["id"] == hex_of(number)]

    [message] = await until(look, what=f"message {number} did not arrive")
    answer = await simulator.http.get(message["media"]["path"])
    assert answer.is_success, answer.text
    return message, answer.content


async def send_every_kind_of_file(session: Session, simulator: Simulator, bruno: Phone, tmp_path: Path) -> None:
    answer = await bruno.call("POST", "/messages", {"to": ANA, "text": "send me all"}, 201)
    for number, kind in enumerate(SOURCES):
        found, data = await asyncio.to_thread(prepared, kind, tmp_path / kind)
        caption = f"my {kind} @{bruno.number}" if kind in ("image", "gif", "video", "document") else None
        sent = await send(
            session, tmp_path, kind, data, bruno.jid, number, found.mime, name=f"a {kind}{found.extension}",
            caption=caption, view_once=kind in ("image", "voice"), quoted=answer["id"],
            mentions=(bruno.jid,) if caption else (),
        )  # fmt: skip
        assert (sent.ack >= 0, sent.error) == (True, None), kind
        message, got = await arrived(simulator, bruno, number)
        shown = message["media"]
        if kind != "sticker":  # WhatsApp's page draws still ones anew
            assert (got == data, shown["sha256"]) == (True, found.sha256), kind
        assert (shown.get("width"), shown.get("height")) == (found.width, found.height), kind
        assert (message["type"], message["text"]) == (SAID[kind], caption or ""), kind
        assert shown["mime"].partition(";")[0] == found.mime.partition(";")[0]
        assert (shown["gif"], shown["view_once"]) == (kind == "gif", kind in ("image", "voice")), kind
        assert message["quoted_id"] == answer["id"], kind
        assert len(message["mentions"]) == bool(caption), kind
        if kind == "document":
            assert shown["filename"] == "a document.txt"
        if kind == "voice":
            assert len(shown["waveform"]) == 64
            assert max(shown["waveform"]) > 0
    assert not any(path.is_file() for path in (tmp_path / "outgoing").rglob("*"))


async def send_places_cards_and_polls(session: Session, bruno: Phone, ana: Phone) -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:Grace\nTEL;waid=4915112345678:+4915112345678\nEND:VCARD"
    place = {"latitude": 52.516275, "longitude": 13.377704, "name": "Gate", "address": "Pariser Platz"}
    cards = [{"name": "Grace", "vcard": card}, {"name": "Ada", "vcard": card}]
    poll = {"question": "When?", "options": ["Now", "Later"], "selectable": 1}
    contents: list[tuple[str, dict[str, Any]]] = [
        ("location", {**place, "url": "https://example.org/"}),
        ("contact", {"contacts": cards[:1]}),
        ("contact", {"contacts": cards}),
        ("poll", poll),
    ]
    before = len(await bruno.messages(ana))
    for number, (kind, content) in enumerate(contents, 20):
        sent = await page_sending.send_parts(session.page, Outgoing(bruno.jid, hex_of(number)), kind, content)
        assert sent.error is None
        again = await page_sending.send_parts(session.page, Outgoing(bruno.jid, hex_of(number)), kind, content)
        assert again.key == sent.key

    async def all_here() -> bool:
        return len(await bruno.messages(ana)) == before + len(contents)

    await until(all_here, what="not all arrived")
    messages = (await bruno.messages(ana))[before:]
    assert [message["type"] for message in messages] == ["location", "vcard", "multi_vcard", "poll_creation"]
    location, one, several, asked = messages
    assert {name: location["location"][name] for name in place} == place
    assert one["contacts"] == cards[:1]
    assert several["contacts"] == cards
    assert asked["poll"] == poll


async def send_a_file_that_nobody_gave(session: Session, bruno: Phone) -> None:
    with pytest.raises(Exception, match="not ready") as caught:
        await page_sending.send_file(
            session.page, Outgoing(bruno.jid, hex_of(99)), "image", caption=None, view_once=False, edge=1
        )
    assert not isinstance(caught.value, WhatsAppError)


async def test_messages_of_every_kind_arrive_as_they_were_given(
    playwright: Playwright, simulator: Simulator, ana: Phone, bruno: Phone, tmp_path: Path
) -> None:
    async with session_on(playwright, simulator.url, tmp_path) as session:
        await session.link(ana)
        await send_every_kind_of_file(session, simulator, bruno, tmp_path)
        await send_places_cards_and_polls(session, bruno, ana)
        await send_a_file_that_nobody_gave(session, bruno)
        assert session.console == []


async def fail_an_upload(
    session: Session, simulator: Simulator, ana: Phone, bruno: Phone, home: Path, found: Prepared, data: bytes
) -> None:
    """It is told, and the next try sends it once."""
    await ana.change(uploads={"status": 507})
    await send(session, home, "document", data, bruno.jid, 7, found.mime)
    await session.wait_for(AckSeen, lambda ack: ack.ack < 0 and hex_of(7) in ack.ids)
    refused = await session.page.find_message(hex_of(7), [bruno.jid])
    assert refused is not None
    assert refused.ack < 0
    await ana.change(uploads={})
    sent = await send(session, home, "document", data, bruno.jid, 7, found.mime)
    assert sent.error is None
    assert (await arrived(simulator, bruno, 7))[1] == data
    assert len(await bruno.messages(ana)) == 1


async def test_uploads_that_fail_and_a_browser_that_is_killed_in_the_middle_of_one_send_each_file_once(
    playwright: Playwright, simulator: Simulator, ana: Phone, bruno: Phone, tmp_path: Path
) -> None:
    found, data = await asyncio.to_thread(prepared, "document", tmp_path / "document")
    home = tmp_path / "home"
    async with session_on(playwright, simulator.url, home) as session:
        await session.link(ana)
        await fail_an_upload(session, simulator, ana, bruno, tmp_path, found, data)
        await ana.change(uploads={"delay_ms": 60_000, "times": 1})
        await send(session, tmp_path, "document", data, bruno.jid, 1, found.mime)
        waiting = await session.page.find_message(hex_of(1), [bruno.jid])
        assert waiting is not None
        assert waiting.ack == 0  # on its way: nobody hands it over a second time
        assert (await send(session, tmp_path, "document", data, bruno.jid, 1, found.mime)).ack == 0
        os.kill(browser_pids(home / "profile")[0], signal.SIGKILL)
        await session.browser.ended
    async with session_on(playwright, simulator.url, home) as session:
        await session.wait_working()
        lost = await session.page.find_message(hex_of(1), [bruno.jid])
        assert lost is not None
        assert lost.ack < 0
        # A page that does not say so itself is not believed either.
        await session.browser.context.pages[0].evaluate(
            "(key) => WPP.whatsapp.MsgStore.get(key).set({ack: 0})", lost.key
        )
        lost = await session.page.find_message(hex_of(1), [bruno.jid])
        assert lost is not None
        assert (lost.ack, lost.error) == (-1, "upload_lost")
        await send(session, tmp_path, "document", data, bruno.jid, 1, found.mime)
        assert (await arrived(simulator, bruno, 1))[1] == data
        await session.wait_for(AckSeen, lambda ack: ack.ack == 2 and hex_of(1) in ack.ids)
    assert [message["id"] for message in await bruno.messages(ana)] == [hex_of(7), hex_of(1)]
