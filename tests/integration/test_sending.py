"""Sent once and in order, whatever the page does in between (P2, P3)."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.sending_house import FakeWhatsApp, Fate, accept, log_of, sender, sending_app
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.domain.message import Lane
from waypost.entities.head import claim
from waypost.entities.message import get_message
from waypost.entities.schedule import last_waiting_by_chat
from waypost.errors import Fenced

ADA, GRACE = "4915112345602", "4915112345603"


def message_id(count: int) -> str:
    return make_id("msg", count.to_bytes(16))


async def send_all(app: App, whatsapp: FakeWhatsApp, lane: Lane = "interactive") -> None:
    async with sender(app, whatsapp) as sending, asyncio.TaskGroup() as tasks:
        for contact, number in last_waiting_by_chat(app.table, "ses_" + "0" * 26, lane).items():
            tasks.create_task(sending.send_due(contact, lane, up_to=number))


fates = st.lists(st.sampled_from(["sent", "taken_then_gone", "gone", "unlinked", "late"]), max_size=24)


@settings(max_examples=30, deadline=None)
@given(fates=fates, chats=st.lists(st.sampled_from([ADA, GRACE]), min_size=1, max_size=10))
def test_each_message_is_filed_once_and_in_its_chats_order(fates: list[Fate], chats: list[str]) -> None:
    with tempfile.TemporaryDirectory() as home, sending_app(Path(home)) as app:
        whatsapp = FakeWhatsApp(fates=list(fates))
        for count, chat in enumerate(chats):
            accept(app, chat, f"text {count}", message_id(count))
        asyncio.run(send_all(app, whatsapp))
        for chat in (ADA, GRACE):
            expected = [f"text {count}" for count, to in enumerate(chats) if to == chat]
            assert [text for to, text in whatsapp.filed if to == f"{chat}@c.us"] == expected
        assert whatsapp.twice == 0
        log = log_of(app)
        assert [number for number, _, _ in log] == list(range(1, len(log) + 1))
        sent = [message for _, kind, message in log if kind == "message_sent"]
        assert sorted(sent) == sorted(message_id(count) for count in range(len(chats)))


def test_a_message_that_was_taken_before_the_crash_is_found_and_not_sent_again(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp(fates=["taken_then_gone"])
        accept(app, ADA, "hello", message_id(1))
        asyncio.run(send_all(app, whatsapp))
        assert whatsapp.filed == [(f"{ADA}@c.us", "hello")]
        assert whatsapp.lookups == 1


def test_a_refused_message_is_tried_four_times_then_fails_and_the_next_one_goes(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp(fates=["refused"] * 4)
        accept(app, ADA, "first", message_id(1))
        accept(app, ADA, "second", message_id(2))
        asyncio.run(send_all(app, whatsapp))
        first = get_message(app.table, message_id(1))
        assert first is not None
        assert (first.status, first.reason, first.attempts) == ("failed", "send_refused", 4)  # R-LIM-6
        assert whatsapp.filed == [(f"{ADA}@c.us", "second")]


def test_a_stuck_chat_holds_nobody_else_up(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        whatsapp = FakeWhatsApp()
        stuck = asyncio.Event()
        take = whatsapp.send_text

        async def send_text(chat_id: str, *rest: str, mentions: Sequence[str] = ()) -> object:
            if chat_id.startswith(ADA):
                await stuck.wait()
            return await take(chat_id, *rest, mentions=mentions)

        whatsapp.send_text = send_text  # type: ignore[method-assign, assignment]  # one chat hangs
        async with sender(app, whatsapp) as sending, asyncio.TaskGroup() as tasks:
            for contact, number in last_waiting_by_chat(app.table, "ses_" + "0" * 26, "interactive").items():
                tasks.create_task(sending.send_due(contact, "interactive", up_to=number))
            async with asyncio.timeout(10):
                while len(whatsapp.filed) < 3:  # noqa: ASYNC110  # what is waited for happens in several tasks
                    await asyncio.sleep(0.01)
            assert {chat for chat, _ in whatsapp.filed} == {f"{GRACE}@c.us"}
            stuck.set()
        assert len(whatsapp.filed) == 4

    with sending_app(tmp_path) as app:
        accept(app, ADA, "stuck", message_id(0))
        for count in range(1, 4):
            accept(app, GRACE, f"text {count}", message_id(count))
        asyncio.run(story(app))


def test_an_owner_that_lost_its_epoch_hands_nothing_over(tmp_path: Path) -> None:
    async def story(app: App, whatsapp: FakeWhatsApp) -> None:
        async with sender(app, whatsapp) as sending:
            waiting = last_waiting_by_chat(app.table, "ses_" + "0" * 26, "interactive")
            claim(app.table, "ses_" + "0" * 26, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
            with pytest.raises(Fenced):
                await sending.send_due(next(iter(waiting)), "interactive", up_to=1)

    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        accept(app, ADA, "hello", message_id(1))
        asyncio.run(story(app, whatsapp))
        assert whatsapp.filed == []
