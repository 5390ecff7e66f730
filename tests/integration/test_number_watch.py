"""Watching over a session: the health of its number, and what WhatsApp does no more (R-SAFE-4, R-ERR)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from containers.worker.capability_watch import CapabilityWatch
from containers.worker.number_watch import NumberWatch
from containers.worker.recorder import Recorder
from tests.integration.sending_house import SESSION, TENANT, accept, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.event import Event
from waypost.domain.failures import classify
from waypost.domain.message import Message
from waypost.entities.chat import note_inbound
from waypost.entities.head import claim, get_head
from waypost.entities.queue_pause import get_pause
from waypost.entities.session import Session, get_session
from waypost.services.journal import read


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with sending_app(tmp_path) as app:
        yield app


@asynccontextmanager
async def recording(app: App) -> AsyncIterator[Recorder]:
    recorder = Recorder(app, claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000))
    running = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def sent_to(app: App, number: int) -> Message:
    message_id = "msg_" + f"{number:026d}"
    return accept(app, f"+4915112345{number:03d}", "hello", message_id)


def session_of(app: App) -> Session:
    session = get_session(app.table, SESSION)
    assert session is not None
    return session


async def test_first_messages_to_unknown_numbers_put_it_at_risk_and_pause_bulk_once(app: App) -> None:
    async with recording(app) as recorder:
        watch = NumberWatch(app, session_of(app), recorder)
        for number in range(20):
            message = sent_to(app, number)
            watch.stepped(message, "sent", None)
            if number < 8:
                watch.stepped(message, "failed", classify("not_on_whatsapp"))
        await watch.look()
        assert session_of(app).number["level"] == "at_risk"
        assert [reason["name"] for reason in session_of(app).number["reasons"]][:2] == [
            "unknown_numbers", "nobody_answers",
        ]  # fmt: skip
        pause = get_pause(app.table, SESSION, "bulk")
        assert pause is not None
        assert pause.reason == "number_at_risk"
        await watch.look()
    told = [event.data for event in events(app) if "number" in event.data]
    assert [data["number"]["level"] for data in told] == ["at_risk"]
    assert told[0]["queue"]["paused"] is True


async def test_a_new_owner_goes_on_from_what_was_counted(app: App) -> None:
    async with recording(app) as recorder:
        watch = NumberWatch(app, session_of(app), recorder)
        watch.restricted()
        await watch.look()
    async with recording(app) as recorder:
        after = NumberWatch(app, session_of(app), recorder)
        await after.look()
        assert session_of(app).number["level"] == "at_risk"
    assert len([event for event in events(app) if "number" in event.data]) == 1


async def test_people_who_answered_before_are_no_strangers(app: App) -> None:
    async with recording(app) as recorder:
        watch = NumberWatch(app, session_of(app), recorder)
        for number in range(12):
            contact = app.contacts.resolve(TENANT, [parse_address(f"+4915112345{number:03d}")], now_ms=app.now_ms())
            note_inbound(app.table, SESSION, contact, app.now_ms() - 1000)
            watch.stepped(sent_to(app, number), "sent", None)
        await watch.look()
        assert session_of(app).number == {}


async def test_what_fails_in_several_chats_is_told_and_what_works_again_too(app: App) -> None:
    async with recording(app) as recorder:
        watch = CapabilityWatch(app, session_of(app), recorder)
        running = asyncio.create_task(watch.run())
        for number in range(3):
            watch.stepped(sent_to(app, number), "failed", classify("send_refused"))
        await _until(lambda: session_of(app).degraded == {"text": "send_refused"})
        watch.stepped(sent_to(app, 5), "sent", None)
        await _until(lambda: session_of(app).degraded == {})
        running.cancel()
    told = [event.data["degraded"] for event in events(app) if "degraded" in event.data]
    assert told == [{"text": "send_refused"}, {}]


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


def events(app: App) -> list[Event]:
    head = get_head(app.table, SESSION)
    assert head is not None
    return list(read(app.table, app.seals, SESSION, generation=1, after=0, limit=100))
