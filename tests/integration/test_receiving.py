"""A file that comes in is kept twice, told of, and there, whatever fails on the way (R-MED-3)."""

import asyncio
import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from containers.worker import pouring
from containers.worker.naming import Target
from containers.worker.observed_changes import RevokeSeen
from infra.local.lifecycle import Lifecycle
from tests.integration.receiving_house import GRACE, JPEG, SMALL, Receiving, cut, receiving
from tests.integration.simulator_driver import until
from waypost.bootstrap import join
from waypost.domain import received as rules
from waypost.entities.wrapped_key import wrapped_key_key
from waypost.errors import Conflict
from waypost.services import receiving as service
from waypost.services.media_changes import ask_again

TWO_PARTS = os.urandom(3000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, short waits."""
    for module in (rules, service, pouring):
        monkeypatch.setattr(module, "PART_BYTES", 2048)
    monkeypatch.setattr(rules, "RETRY_SECONDS", (0.02, 0.02, 0.02))


async def test_a_picture_is_told_of_at_once_and_again_when_it_is_here(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            await life.see(house.picture("3EB01", file={"filename": "holiday-in-berlin.jpg", "width": 10}))
            file = await house.wait_for("ready")
            await house.wait_empty()
        assert house.states() == [("message_received", "pending"), ("message_status_update", "ready")]
        came, changed = house.events()
        assert (came.data["type"], came.data["text"], changed.data["change"]) == ("image", "look", "media")
        assert (changed.message, changed.data["status"]) == (came.message, "received")
        told = changed.data["media"]
        assert told["sha256"] == hashlib.sha256(JPEG).hexdigest()
        assert (told["size"], told["mime"], told["width"], told["has_thumbnail"]) == (len(JPEG), "image/jpeg", 10, True)
        assert house.bytes_of(file) == JPEG
        assert house.app.received.thumbnail(file) == SMALL
        assert house.page.held == {}


@pytest.mark.parametrize("stage", ["put", "get"], ids=["uploaded", "proved"])
async def test_a_kill_after_the_download_goes_on_from_the_spool_and_tells_once(tmp_path: Path, stage: str) -> None:
    with receiving(tmp_path / "home") as house:
        line = cut(house)
        line.down = stage
        async with house.life() as life:
            await life.see(house.picture("3EB01", TWO_PARTS))

            async def whole() -> bool:
                return any(path.name == "facts" for path in house.spooled())

            await until(whole, what="it is in the spool")
        kept = {path: path.read_bytes() for path in house.spooled()}
        assert all(oct(path.stat().st_mode & 0o777) == "0o600" for path in kept)
        assert all(oct(path.parent.stat().st_mode & 0o777) == "0o700" for path in kept)
        assert not any(plain[100:140] in stored for stored in kept.values() for plain in (TWO_PARTS, SMALL * 12))
        line.down = ""
        async with house.life():
            file = await house.wait_for("ready")
            await house.wait_empty()
        assert house.bytes_of(file) == TWO_PARTS
        assert len(house.page.loads) == 1
        assert [state for _, state in house.states()] == ["pending", "ready"]


async def test_a_kill_in_the_middle_of_the_download_begins_it_anew(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        house.page.gate.clear()
        async with house.life() as life:
            await life.see(house.picture("3EB01", TWO_PARTS))

            async def at_work() -> bool:
                return house.page.at_work == 1

            await until(at_work, what="it is being loaded")
        house.page.gate.set()
        async with house.life():
            file = await house.wait_for("ready")
        assert house.bytes_of(file) == TWO_PARTS
        assert [state for _, state in house.states()] == ["pending", "ready"]


async def test_a_lost_spool_is_downloaded_again(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        line = cut(house)
        line.down = "put"
        async with house.life() as life:
            await life.see(house.picture("3EB01", TWO_PARTS))

            async def whole() -> bool:
                return any(path.name == "facts" for path in house.spooled())

            await until(whole, what="it is in the spool")
        for path in house.spooled():
            path.unlink()
        line.down = ""
        async with house.life():
            file = await house.wait_for("ready")
        assert (house.bytes_of(file), len(house.page.loads)) == (TWO_PARTS, 2)


async def test_the_spool_is_kept_until_what_the_cloud_has_is_proved(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        line = cut(house)
        line.spoils = 1
        async with house.life() as life:
            await life.see(house.picture("3EB01", TWO_PARTS))
            file = await house.wait_for("ready")
        assert house.bytes_of(file) == TWO_PARTS


async def test_a_download_that_fails_is_tried_again_and_then_fails_with_why(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        house.page.troubles = ["media_gone"] * 2
        async with house.life() as life:
            await life.see(house.picture("3EB01"))
            await house.wait_for("ready")
            assert len(house.page.loads) == 3
            house.page.troubles = ["media_gone"] * 4
            await life.see(house.picture("3EB02"))
            file = await house.wait_for("failed")
            assert (file.code, house.events()[-1].data["media"]["code"]) == ("media_gone", "media_gone")
            ask_again(
                file, files=house.app.received, contacts=house.app.contacts, queues=house.app.engine.queues,
                now_ms=house.app.now_ms(),
            )  # fmt: skip
            file = await house.wait_for("ready")
        assert house.bytes_of(file) == JPEG
        assert [state for _, state in house.states()] == ["pending", "ready", "pending", "failed", "pending", "ready"]


async def test_a_download_that_breaks_us_harms_neither_the_session_nor_the_next_file(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        house.page.troubles = ["bug"] * 4
        async with house.life() as life:
            await life.see(house.picture("3EB01"))
            assert (await house.wait_for("failed")).code == "internal"
            await life.see(house.picture("3EB02"))
            await house.wait_for("ready")


async def test_the_file_of_somebody_who_was_erased_is_let_go(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        house.page.gate.clear()
        async with house.life() as life:
            await life.see(house.picture("3EB01"))
            file = house.file()
        house.app.engine.wrapped_keys.delete(wrapped_key_key(file.tenant, file.subject))
        house.page.gate.set()
        fresh = Receiving(join(house.app.settings, house.app.engine), house.page)  # the old one remembers the key
        async with fresh.life():

            async def let_go() -> bool:
                return _code(house, file.id) == "key_erased"

            await until(let_go, what="it is let go")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"sha256": "00" * 32}, "media_corrupt"),
        ({"on_phone_only": True, "view_once": True}, "media_on_phone_only"),
    ],
)
async def test_what_cannot_be_had_says_why(tmp_path: Path, said: dict[str, Any], code: str) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            await life.see(house.picture("3EB01", file=said))
            file = await house.wait_for("failed")
            assert file.code == code
            assert house.spooled() == []
            with pytest.raises(Conflict, match="is not here yet"):
                house.bytes_of(file)


async def test_a_file_over_the_limit_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        object.__setattr__(house.app.settings, "media_received_bytes", 2000)
        async with house.life() as life:
            await life.see(house.picture("3EB01", TWO_PARTS))
            assert (await house.wait_for("failed")).code == "media_received_too_large"
        assert len(house.page.loads) == 1


async def test_two_at_once_are_loaded_and_messages_do_not_wait_for_them(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        house.page.gate.clear()
        async with house.life() as life:
            for number in range(6):
                await life.see(house.picture(f"3EB0{number}"))
            assert [kind for kind, _ in house.states()] == ["message_received"] * 6
            house.page.gate.set()

            async def all_ready() -> bool:
                return [state for _, state in house.states()].count("ready") == 6

            await until(all_ready, what="all are here")
        assert house.page.most_at_work == 2


async def test_a_revoked_message_takes_its_file_along(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            seen = house.picture("3EB01")
            await life.see(seen)
            file = await house.wait_for("ready")
            await life.see(RevokeSeen(Target(seen.key, GRACE, GRACE), mine=False, by=GRACE))
        assert house.app.engine.blobs["media"].list(f"received/{file.id}/") == []
        assert (house.events()[-1].data["change"], _code(house, file.id)) == ("revoked", "media_revoked")


def _code(house: Receiving, media: str) -> str | None:
    return house.app.received.find(media, "ten_" + "0" * 26, house.app.now_ms()).code


async def test_in_a_group_the_key_is_the_senders(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            seen = house.picture("3EB01")
            key = replace(seen.key, chat="123456789012345678@g.us", participant=seen.key.chat)
            house.page.files[str(key)] = JPEG
            await life.see(replace(seen, key=key, chat=None))
            file = await house.wait_for("ready")
        came = house.events()[0].data
        assert (file.contact, file.subject) == (came["chat"]["contact_id"], came["from"]["contact_id"])
        assert file.contact != file.subject


async def test_the_same_message_seen_twice_at_once_has_one_file(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            seen = house.picture("3EB01")
            await asyncio.gather(life.see(seen), life.see(seen), life.see(seen))
            await house.wait_for("ready")
        assert len(house.page.loads) == 1


async def test_on_one_machine_too_objects_end_with_their_days(tmp_path: Path) -> None:
    with receiving(tmp_path / "home") as house:
        async with house.life() as life:
            await life.see(house.picture("3EB01"))
            file = await house.wait_for("ready")
        blobs = house.app.engine.blobs["media"]
        blobs.put(f"other/{file.id}", b"stays")
        lifecycle = Lifecycle(tmp_path / "home", house.app.settings.media_keep_days)
        assert lifecycle.expire(time.time() + 30.9 * 24 * 3600) == 0
        assert lifecycle.expire(time.time() + 31.1 * 24 * 3600) > 1
        assert blobs.list("") == [f"other/{file.id}"]
