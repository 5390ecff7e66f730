"""What people send arrives typed, with all its facts and the very bytes: a real browser on the simulated WhatsApp, the
worker's own filing and downloading behind it."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from containers.worker.observations import MessageSeen
from containers.worker.observed_content import VoteSeen
from tests.corpus import documents, files, pictures, recordings
from tests.corpus.files import made
from tests.integration.receiving_house import FakePage, Life, Receiving, receiving
from tests.integration.simulator_driver import Phone, Simulator, until
from tests.integration.worker_driver import Session, session_on
from waypost.domain import received as rules

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Grace Hopper\nTEL;type=CELL;waid=4915112345602:+49 151 12345602\nEND:VCARD"
FILES: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("image", "image", pictures.jpeg, {"width": 640, "height": 480, "mime": "image/jpeg", "has_thumbnail": True}),
    ("gif", "gif", recordings.ready_video, {"mime": "video/mp4"}),
    ("video", "video", recordings.ready_video, {"mime": "video/mp4", "has_thumbnail": True}),
    ("video_note", "video_note", recordings.ready_video, {"mime": "video/mp4"}),
    ("audio", "audio", files._mp3, {"mime": "audio/mpeg"}),
    ("voice", "voice", files._opus, {"mime": "audio/ogg"}),
    ("document", "document", documents.pdf, {"mime": "application/pdf", "filename": "f.bin"}),
    ("sticker", "sticker", files._small_webp, {"mime": "image/webp"}),
]


@dataclass
class World:
    """One server, one linked worker's browser and one house for the whole file."""

    simulator: Simulator
    session: Session
    house: Receiving
    life: Life
    ana: Phone
    bruno: Phone

    async def send(self, **body: Any) -> str:
        """Bruno sends it, the worker files it; its event's message id."""
        before = len(self.session.of(MessageSeen))
        await self.bruno.call("POST", "/messages", {"to": self.ana.number, **body}, 201)

        async def heard() -> list[MessageSeen]:
            return self.session.of(MessageSeen)[before:]

        [seen] = await until(heard, what="it is seen")
        await self.life.see(seen)
        return str(self.house.events()[-1].message or self.came()["message_id"])

    def came(self) -> dict[str, Any]:
        """The newest arrival's event."""
        return [event.data for event in self.house.events() if event.type == "message_received"][-1]

    async def settled(self, media: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            told = [event.data["media"] for event in self.house.events() if "media" in event.data]
            return next((one for one in told if one["id"] == media and one["state"] != "pending"), {})

        return await until(look, what="the file is settled", seconds=30)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    simulator = Simulator(tmp_path_factory.mktemp("network"))
    folder = tmp_path_factory.mktemp("worker")
    with receiving(folder / "home") as house:
        async with simulator.running(), async_playwright() as playwright:
            ana = await simulator.account("5511900000001", "Ana")
            bruno = await simulator.account("5511900000002", "Bruno")
            async with session_on(playwright, simulator.url, folder) as session:
                await session.link(ana)
                house.page = cast(FakePage, session.page)
                async with house.life() as life:
                    yield World(simulator, session, house, life, ana, bruno)
                # What the tests make fail is all that the browser has to say.
                assert [line for line in session.console if "Failed to load resource" not in line] == []


@pytest.mark.parametrize(("sent_as", "kind", "make", "facts"), FILES, ids=[file[0] for file in FILES])
async def test_files_arrive_as_they_were(
    world: World, sent_as: str, kind: str, make: Any, facts: dict[str, Any]
) -> None:
    data = made(make)
    encoded = base64.b64encode(data).decode()
    captioned = kind in ("image", "gif", "video", "document")
    await world.send(type=sent_as, data=encoded, filename="f.bin", **({"text": "look"} if captioned else {}))
    came = world.came()
    assert (came["type"], came["text"]) == (kind, "look" if captioned else "")
    assert came["media"]["state"] == "pending"
    told = await world.settled(came["media"]["id"])
    sha256 = hashlib.sha256(data).hexdigest()
    assert (told["state"], told["code"], told["size"], told["sha256"]) == ("ready", None, len(data), sha256)
    assert {name: told[name] for name in facts} == facts
    if kind in ("video", "audio", "voice"):
        assert told["duration_ms"] >= 1000
    assert world.house.bytes_of(world.house.app.received.find(told["id"], "ten_" + "0" * 26, 0)) == data
    # After a gap the page is asked for it by its key, and tells the same.
    live = world.session.of(MessageSeen)[-1]
    assert (await world.session.page.messages([str(live.key)]))[0].file == live.file


async def test_what_may_be_seen_once_says_so(world: World) -> None:
    await world.send(type="image", data=base64.b64encode(made(pictures.jpeg)).decode(), view_once=True)
    told = await world.settled(world.came()["media"]["id"])
    assert (told["view_once"], told["state"]) == (True, "ready")


async def test_what_the_phone_alone_was_given_to_see_once_is_told_of(world: World) -> None:
    data = base64.b64encode(made(pictures.jpeg)).decode()
    await world.send(type="image", data=data, view_once=True, unavailable=True)
    came = world.came()
    assert came["type"] == "view_once"
    told = came["media"]
    assert (told["view_once"], told["state"], told["code"]) == (True, "failed", "media_on_phone_only")


async def test_places_cards_and_polls_arrive_typed(world: World) -> None:
    await world.send(type="location", latitude=52.5163, longitude=13.3777, name="Gate", address="Berlin")
    came = world.came()
    assert (came["type"], came["text"], came["location"]["name"]) == ("location", None, "Gate")
    assert (came["location"]["latitude"], came["location"]["address"]) == (52.5163, "Berlin")
    await world.send(type="live_location", latitude=52.5, longitude=13.3, live=900)
    assert (world.came()["type"], world.came()["location"]["longitude"]) == ("live_location", 13.3)
    await world.send(type="contact", contacts=[{"name": "Grace", "vcard": CARD}])
    assert world.came()["contacts"] == [{"name": "Grace", "vcard": CARD, "numbers": ["+4915112345602"]}]
    two = [{"name": "Grace", "vcard": CARD}, {"name": "Ada", "vcard": CARD.replace("Grace Hopper", "Ada")}]
    await world.send(type="contacts", contacts=two)
    assert (world.came()["type"], [card["name"] for card in world.came()["contacts"]]) == ("contact", ["Grace", "Ada"])
    await world.send(type="poll", question="When?", options=["now", "later"], selectable=1)
    assert world.came()["type"] == "poll"
    assert world.came()["poll"] == {"question": "When?", "options": ["now", "later"], "selectable": 1}


@pytest.mark.parametrize(
    ("trouble", "reuploads", "state", "code"),
    [
        ({"status": 410}, "yes", "ready", None),
        ({"status": 410}, "not_found", "failed", "media_gone"),
        ({"status": 503, "times": 2}, "never", "ready", None),
        ({"damaged": True}, "not_found", "failed", "media_gone"),
    ],
    ids=["sent again by the phone", "gone", "away for a moment", "damaged"],
)
async def test_what_does_not_come_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any], reuploads: str, state: str, code: str | None
) -> None:
    monkeypatch.setattr(rules, "RETRY_SECONDS", (0.05, 0.05))
    await world.ana.call("PATCH", "", {"reuploads": reuploads})
    data = os.urandom(2000)  # of its own: what was loaded before is not loaded again
    await world.send(type="document", data=base64.b64encode(data).decode(), filename="f.bin", trouble=trouble)
    told = await world.settled(world.came()["media"]["id"])
    assert (told["state"], told["code"]) == (state, code)


async def test_a_vote_names_what_was_chosen(world: World) -> None:
    await world.send(type="poll", question="Which?", options=["tea", "coffee"], selectable=1)
    [poll] = [event.message for event in world.house.events() if event.data.get("poll", {}).get("question") == "Which?"]
    hex_id = world.came()["whatsapp_id"]
    vote = {"with": world.ana.number, "id": hex_id, "options": ["coffee"]}
    await world.bruno.call("POST", "/messages/vote", vote)

    async def heard() -> list[VoteSeen]:
        return world.session.of(VoteSeen)

    [seen] = await until(heard, what="the vote is seen")
    await world.life.see(seen, seen)
    came = world.came()
    assert (came["type"], came["vote"], came["reply_to"]) == ("poll_vote", {"poll": poll, "options": ["coffee"]}, poll)
    assert len([event for event in world.house.events() if event.data.get("type") == "poll_vote"]) == 1
    found = [one for one in world.session.of(MessageSeen) if one.key.id == hex_id][-1]
    [again] = await world.session.page.votes(found)
    assert (again.options, again.t) == (seen.options, seen.t)
