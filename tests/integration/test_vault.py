"""The profile vault with a real browser on the simulated network: backed up hot, killed, restored, no second scan."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Playwright

from containers.worker.launcher_book import Process
from containers.worker.observations import CodeShown, LoggedOut, MessageSeen
from containers.worker.signals import LaunchFailed
from containers.worker.vault import backups, publishing
from containers.worker.vault.links import take_copy
from containers.worker.vault.packing import Packer
from tests.integration.phone_network import (
    ana_on_it,
    bruno_on_it,
    emptied_simulator,
    started_playwright,
    started_server,
)
from tests.integration.simulator_driver import Phone, Simulator
from tests.integration.vault_house import SESSION, TENANT, VaultHouse, vault_house
from tests.unit.leveldb_files import write_database
from waypost.domain import profile as profile_rules
from waypost.domain.profile import Version
from waypost.entities.profile import refused_write
from waypost.errors import SessionNotLinked
from waypost.ports import Key, Update
from waypost.services.profiles import manifest_key, note_used, object_key

__all__ = ["ana_on_it", "bruno_on_it", "emptied_simulator", "started_playwright", "started_server"]


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


async def test_the_last_backup_of_a_closed_browser_has_forgotten_nothing(
    house: VaultHouse, ana: Phone, bruno: Phone
) -> None:
    async with house.linked(ana) as (vault, session):
        await session.page.send_text(bruno.jid, "last", hex_id(1), wait_ack=10)
        await vault.put_away(session.browser, session.browser.stop)
    assert len(house.versions()) == 1
    house.lose_disk()
    async with house.own() as (vault, session):
        await session.wait_working()
        assert await session.page.find_message(hex_id(1), [bruno.jid])
        await session.page.send_text(bruno.jid, "next", hex_id(2), wait_ack=10)
    counts = await house.simulator.counts()
    assert counts["refused"] == {}, "the message counter went on where it was"
    assert counts["scans"] == 1


async def test_who_kept_the_disk_goes_on_with_it_and_who_was_overtaken_does_not(house: VaultHouse, ana: Phone) -> None:
    async with house.linked(ana) as (vault, session):
        assert await vault.backups.of_running(session.browser)
    kept = house.vault(house.claim())
    assert await kept.prepare() is None
    assert kept.restored is None
    mark = house.profile / "Default" / "mark"
    mark.touch()
    # Another worker, with a disk of its own, starts a browser meanwhile.
    note_used(SESSION, epoch=house.claim(), restored=None, table=house.app.table)
    overtaken = house.vault(house.claim())
    assert await overtaken.prepare() is not None
    assert overtaken.restored is not None
    assert not mark.exists()
    _lose_manifest(house.profile)
    torn = house.vault(house.claim())
    assert await torn.prepare() is not None
    assert torn.restored is not None


async def test_a_torn_an_emptied_or_a_logged_out_state_is_never_published(
    house: VaultHouse, ana: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_rules, "_TOO_SMALL_TO_JUDGE", 0)
    async with house.linked(ana) as (vault, session):
        assert await vault.backups.of_running(session.browser)
        before = house.versions()
        for harm in (_lose_manifest, _empty_log):
            with monkeypatch.context() as patch:
                patch.setattr(backups, "take_copy", partial(_harmful_copy, harm))
                assert not await vault.backups.of_running(session.browser)
        assert house.versions() == before
        assert await vault.backups.of_running(session.browser)
        before = house.versions()
        await ana.call("POST", "/logout")
        await session.wait_for(LoggedOut)
        assert not await vault.backups.of_running(session.browser)
        await vault.put_away(session.browser, session.browser.stop)
    assert house.versions() == before


async def test_whatever_is_tampered_with_is_refused_and_the_version_before_is_used(
    house: VaultHouse, ana: Phone, bruno: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_SMALL_BYTES", 10)  # the simulated profile is small: let it have pieces
    monkeypatch.setattr(publishing, "_SMALL_LOG_BYTES", 10)
    async with house.linked(ana) as (vault, session):
        assert await vault.backups.of_running(session.browser)
        await session.page.send_text(bruno.jid, "more", hex_id(1), wait_ack=10)
        assert await vault.backups.of_running(session.browser)
    newest, older = house.versions()
    own_pieces = [name for name in newest.objects if name not in older.objects]
    assert own_pieces
    blobs = house.app.engine.blobs["profiles"]
    packer = Packer(house.app.engine.keys, house.app.seals, tenant=TENANT, session=SESSION)
    piece, manifest = object_key(SESSION, own_pieces[0]), manifest_key(SESSION, newest.id)
    for key, other in ((piece, object_key(SESSION, older.objects[0])), (manifest, manifest_key(SESSION, older.id))):
        good = blobs.get(key)
        forged = packer.pack(key, bytes(len(packer.unpack(key, good))))  # sealed by us, but not what its name says
        for bad in (forged, good[:-1], good[:20], b"", good[:-1] + bytes([good[-1] ^ 1]), blobs.get(other), None):
            blobs.delete(key) if bad is None else blobs.put(key, bad)
            house.lose_disk()
            vault = house.vault(house.claim())
            assert await vault.prepare() is not None
            assert vault.restored is not None
            assert vault.restored.version == older.id
            assert [version.refused for version in house.versions()] == ["tampered", None]
            blobs.put(key, good)
            house.app.table.update(Update(_key_of(newest), set={"refused": None}))  # for the next try
    house.lose_disk()
    vault = house.vault(house.claim())
    await vault.prepare()
    assert vault.restored is not None
    assert vault.restored.version == newest.id


async def test_with_no_version_left_the_session_is_given_up_and_never_shown_empty(
    house: VaultHouse, ana: Phone
) -> None:
    async with house.linked(ana) as (vault, session):
        assert await vault.backups.of_running(session.browser)
    house.lose_disk()
    for key in house.objects():
        house.app.engine.blobs["profiles"].put(key, b"\x01" + bytes(40))
    with pytest.raises(SessionNotLinked) as lost:
        await house.vault(house.claim()).prepare()
    assert lost.value.code == "profile_tampered"
    assert not house.profile.exists()
    house.linked_ms += 1  # another link, of which there is no copy
    with pytest.raises(SessionNotLinked) as lost:
        await house.vault(house.claim()).prepare()
    assert lost.value.code == "profile_lost"


async def test_a_profile_that_leads_to_a_code_is_not_believed(house: VaultHouse, ana: Phone) -> None:
    """As when Chromium made empty databases in place of damaged ones: the last good version is tried first."""
    async with house.linked(ana) as (vault, session):
        assert await vault.backups.of_running(session.browser)
    shutil.rmtree(house.profile / "Default" / "IndexedDB")
    (house.profile / "Default" / "IndexedDB" / "http_x.indexeddb.leveldb").mkdir(parents=True)
    write_database(house.profile / "Default" / "IndexedDB" / "http_y.indexeddb.leveldb", [])
    async with house.own() as (vault, session):
        assert vault.restored is None
        shown = await session.wait_for(CodeShown, lambda shown: shown.code is not None)
        assert await vault.judge(shown) == LaunchFailed()
        vault.browser = None
        await session.browser.stop()
        assert await vault.prepare() is not None
        assert vault.restored is not None
    assert (await house.simulator.counts())["scans"] == 1


def _lose_manifest(folder: Path) -> None:
    [manifest] = (folder / "Default" / "IndexedDB").glob("*/MANIFEST-*")
    manifest.unlink()


def _empty_log(folder: Path) -> None:
    for log in (folder / "Default" / "IndexedDB").glob("*/*.log"):
        log.write_bytes(b"")


def _harmful_copy(harm: Callable[[Path], None], browser: Process | None, profile: Path, into: Path) -> float:
    paused_ms = take_copy(browser, profile, into)
    harm(into)
    return paused_ms


def _key_of(version: Version) -> Key:
    return refused_write(version, "").key
