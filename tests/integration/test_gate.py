"""What passes a session's gate, in which order, and what waits in the table for how long (decisions 5 and 12)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from containers.worker.answers import Answers
from tests.integration.sending_house import SESSION, FakeWhatsApp, accept, sender, sending_app
from tests.integration.test_sending import message_id
from waypost.bootstrap import App
from waypost.domain.care import RELAXED, STRICT, Care
from waypost.domain.event import Draft
from waypost.domain.first_contact import FirstContact
from waypost.domain.limits import Limits
from waypost.domain.message import Lane
from waypost.domain.pacing import Pacing
from waypost.entities.chat import note_inbound
from waypost.entities.message import get_message
from waypost.entities.schedule import Waiting, last_waiting_by_chat, waiting_by_due
from waypost.entities.session import get_session, session_key, session_write
from waypost.services.expiring import expire_overdue
from waypost.services.journal import Entry
from waypost.services.tenants import create_tenant

ADA, GRACE, MARY = "4915112345602", "4915112345603", "4915112345604"
SLOW = replace(RELAXED, limits=Limits(None, None, None, None, cooldown_ms=40, bulk_percent=100, warm_up=((0, 100),)))
COLD = replace(RELAXED, first_contact=replace(FirstContact(), per_day=((0, 1),)))
DAY_MS = 86_400_000

Travel = Callable[[int], None]


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Sets the clock of whoever begins from now on."""
    real = App.now_ms

    def by(ms: int) -> None:
        monkeypatch.setattr(App, "now_ms", lambda app: real(app) + ms)

    return by


async def send(app: App, whatsapp: FakeWhatsApp, *lanes: Lane) -> None:
    """One owner's life: all that is due goes, or is put off."""
    async with sender(app, whatsapp) as sending, asyncio.TaskGroup() as tasks:
        for lane in lanes or ("interactive", "bulk"):
            chats = last_waiting_by_chat(app.table, SESSION, lane, due_by_ms=app.now_ms())
            for contact, number in chats.items():
                tasks.create_task(sending.send_due(contact, lane, up_to=number))


def waiting(app: App, lane: Lane = "interactive") -> list[tuple[str, str]]:
    """(message, what it waits for), first due first."""
    return [(place.message, place.waits_for) for place in places(app, lane)]


def places(app: App, lane: Lane = "interactive") -> list[Waiting]:
    return waiting_by_due(app.table, SESSION, lane, limit=100)


def status(app: App, count: int) -> tuple[str, str | None]:
    message = get_message(app.table, message_id(count))
    assert message is not None
    return message.status, message.reason


def texts(whatsapp: FakeWhatsApp) -> list[str]:
    return [text for _, text in whatsapp.filed]


def test_a_reply_overtakes_a_bulk_run_also_one_that_is_being_typed(tmp_path: Path) -> None:
    pacing = replace(RELAXED.pacing, type_ms_per_character=30, type_most_ms=60_000, spread=0.0)

    async def story(app: App, whatsapp: FakeWhatsApp) -> None:
        async with sender(app, whatsapp) as sending:
            chats = last_waiting_by_chat(app.table, SESSION, "bulk")
            bulk = [asyncio.create_task(sending.send_due(contact, "bulk", up_to=9)) for contact in chats]
            async with asyncio.timeout(20):
                while "type composing" not in whatsapp.shown:  # noqa: ASYNC110  # another task does it
                    await asyncio.sleep(0.01)
            accept(app, MARY, "reply", message_id(9))
            (mary,) = last_waiting_by_chat(app.table, SESSION, "interactive")
            await sending.send_due(mary, "interactive", up_to=1)
            for task in bulk:
                task.cancel()
            await asyncio.gather(*bulk, return_exceptions=True)

    with sending_app(tmp_path, replace(SLOW, pacing=pacing)) as app:
        whatsapp = FakeWhatsApp()
        for count, chat in enumerate((ADA, GRACE)):
            accept(app, chat, "bulk " * 400, message_id(count), "bulk")
        asyncio.run(story(app, whatsapp))
    assert texts(whatsapp) == ["reply"]
    assert whatsapp.shown[:3] == ["type composing", "type paused", "type composing"]


def test_while_there_is_a_cooldown_one_goes_at_a_time(tmp_path: Path) -> None:
    with sending_app(tmp_path, SLOW) as app:
        whatsapp, most, under_way = FakeWhatsApp(), 0, 0
        take = whatsapp.send_text

        async def send_text(*order: object, **more: object) -> object:
            nonlocal most, under_way
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return await take(*order, **more)  # type: ignore[arg-type]  # handed on as it came

        whatsapp.send_text = send_text  # type: ignore[method-assign, assignment]  # counts
        for count, chat in enumerate((ADA, GRACE, MARY)):
            accept(app, chat, "hello", message_id(count))
        asyncio.run(send(app, whatsapp))
    assert (len(whatsapp.filed), most) == (3, 1)


def test_the_next_owner_keeps_the_limits_of_the_last(tmp_path: Path) -> None:
    care = replace(RELAXED, limits=replace(RELAXED.limits, per_hour=1, warm_up=((0, 100),)))
    with sending_app(tmp_path, care) as app:
        whatsapp = FakeWhatsApp()
        for count, chat in enumerate((ADA, GRACE)):
            accept(app, chat, f"text {count}", message_id(count))
            asyncio.run(send(app, whatsapp))
        assert texts(whatsapp) == ["text 0"]
        assert status(app, 1) == ("accepted", None)


def test_strangers_wait_for_their_budget_and_those_who_answered_do_not(tmp_path: Path, travel: Travel) -> None:
    with sending_app(tmp_path, COLD) as app:
        whatsapp = FakeWhatsApp(past={f"{MARY}@c.us": 1_700_000_000_000})
        for count, chat in enumerate((ADA, GRACE, MARY)):
            accept(app, chat, f"text {count}", message_id(count))
        asyncio.run(send(app, whatsapp))
        cold = [text for text in texts(whatsapp) if text != "text 2"]
        assert (len(cold), "text 2" in texts(whatsapp)) == (1, True)
        ((held, reason),) = waiting(app)
        assert reason == "first_contact"
        (place,) = places(app)
        assert 0.99 * DAY_MS < place.due_ms - app.now_ms() < 1.01 * DAY_MS
        asyncio.run(send(app, whatsapp))
        assert len(whatsapp.filed) == 2
        travel(DAY_MS + 60_000)
        asyncio.run(send(app, whatsapp))
        assert get_message(app.table, held).status == "sent"  # type: ignore[union-attr]  # it is there


def test_an_answer_lets_go_what_waited_for_it_in_order(tmp_path: Path) -> None:
    async def story(app: App, whatsapp: FakeWhatsApp) -> None:
        async with sender(app, whatsapp) as sending:
            (grace,) = last_waiting_by_chat(app.table, SESSION, "interactive")
            await sending.send_due(grace, "interactive", up_to=9)
            assert [reason for _, reason in waiting(app)] == ["order", "first_contact"]
            chat = app.contacts.view("ten_" + "0" * 26, grace)
            data = {"chat": chat, "from": chat, "received_at_ms": app.now_ms()}
            heard = [Entry((Draft("message_received", app.now_ms(), data, contact=grace),))]
            await Answers(app, SESSION, sending.gate).hear(heard)
            assert [reason for _, reason in waiting(app)] == ["", ""]
            note_inbound(app.table, SESSION, grace, app.now_ms())  # as whoever files it does then
            await sending.send_due(grace, "interactive", up_to=9)

    with sending_app(tmp_path, COLD) as app:
        whatsapp = FakeWhatsApp()
        accept(app, ADA, "uses the budget up", message_id(0))
        asyncio.run(send(app, whatsapp))
        for count in (1, 2):
            accept(app, GRACE, f"text {count}", message_id(count))
        asyncio.run(story(app, whatsapp))
    assert texts(whatsapp) == ["uses the budget up", "text 1", "text 2"]


def test_a_refused_new_chat_waits_until_new_chats_are_allowed(tmp_path: Path, travel: Travel) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp(restricted_until_ms=app.now_ms() + DAY_MS)
        accept(app, ADA, "hello", message_id(0))
        asyncio.run(send(app, whatsapp))
        assert waiting(app) == [(message_id(0), "restricted")]
        assert status(app, 0) == ("sending", None)
        whatsapp.restricted_until_ms = 0
        asyncio.run(send(app, whatsapp))
        assert whatsapp.filed == []
        travel(DAY_MS + 60_000)
        asyncio.run(send(app, whatsapp))
        assert (texts(whatsapp), status(app, 0)) == (["hello"], ("sent", None))


def test_what_cannot_be_sent_in_its_time_expires_with_what_it_waited_for(tmp_path: Path, travel: Travel) -> None:
    with sending_app(tmp_path, replace(COLD, longest_wait_ms=DAY_MS // 2)) as app:
        whatsapp = FakeWhatsApp()
        for count, chat in enumerate((ADA, GRACE)):
            accept(app, chat, f"text {count}", message_id(count))
            asyncio.run(send(app, whatsapp))
        travel(DAY_MS // 2 + 1000)
        asyncio.run(send(app, whatsapp))
        assert status(app, 1) == ("expired", "first_contact")
        assert waiting(app) == []


def test_a_queue_that_waits_a_month_loses_nothing_and_keeps_its_order(tmp_path: Path, travel: Travel) -> None:
    with sending_app(tmp_path, COLD) as app:
        whatsapp = FakeWhatsApp()
        chats = [f"49151123457{count:02}" for count in range(8)]
        for count, chat in enumerate(chats * 2):
            accept(app, chat, f"text {count}", message_id(count), "bulk")
        for day in range(31):
            travel(day * (DAY_MS + 60_000))
            asyncio.run(send(app, whatsapp))
        assert sorted(texts(whatsapp)) == sorted(f"text {count}" for count in range(16))
        for at, chat in enumerate(chats):
            assert [text for to, text in whatsapp.filed if to == f"{chat}@c.us"] == [f"text {at}", f"text {at + 8}"]


def test_people_see_that_we_read_and_type_before_a_message(tmp_path: Path) -> None:
    pacing = Pacing(open_from=None, read_least_ms=20, read_most_ms=20, type_least_ms=20, type_most_ms=20)
    with sending_app(tmp_path, replace(RELAXED, pacing=pacing)) as app:
        whatsapp = FakeWhatsApp()
        accept(app, ADA, "hello", message_id(0))
        asyncio.run(send(app, whatsapp))
        assert (whatsapp.shown, texts(whatsapp)) == (["type composing"], ["hello"])


def test_nothing_but_replies_goes_out_of_hours(tmp_path: Path) -> None:
    hour = 12
    closed: Care = replace(RELAXED, pacing=replace(RELAXED.pacing, open_from=hour, open_until=hour + 1))
    with sending_app(tmp_path, closed) as app, pytest.MonkeyPatch.context() as patch:
        midnight = app.now_ms() // DAY_MS * DAY_MS
        patch.setattr(App, "now_ms", lambda _: midnight)
        whatsapp = FakeWhatsApp(past={f"{MARY}@c.us": midnight - 60_000})
        accept(app, ADA, "new", message_id(0))
        accept(app, MARY, "a reply", message_id(1))
        accept(app, GRACE, "bulk", message_id(2), "bulk")
        asyncio.run(send(app, whatsapp))
        assert texts(whatsapp) == ["a reply"]
        (place,) = places(app)
        assert place.waits_for == "active_hours"
        assert abs(place.due_ms - midnight - hour * 3_600_000) < 10_000
        assert waiting(app, "bulk") == [(message_id(2), "")]  # its lane is held as a whole


def test_strict_is_what_the_requirements_say() -> None:
    limits = STRICT.limits
    assert (limits.per_second, limits.per_minute, limits.per_hour) == (5, 20, 1000)  # R-LIM-1
    assert (limits.media_per_hour, limits.cooldown_ms) == (100, 5000)  # R-LIM-2, R-LIM-9


def test_what_nobody_is_there_to_send_expires_in_its_time_too(tmp_path: Path, travel: Travel) -> None:
    with sending_app(tmp_path, replace(COLD, longest_wait_ms=DAY_MS // 2)) as app:
        tenant = create_tenant(app.table, "test")
        session = get_session(app.table, SESSION)
        assert session is not None
        app.table.delete(session_key(SESSION))
        app.table.put(session_write(replace(session, tenant=tenant)).item)
        whatsapp = FakeWhatsApp()
        for count, chat in enumerate((ADA, GRACE)):
            accept(app, chat, f"text {count}", message_id(count))
            asyncio.run(send(app, whatsapp))
        accept(app, MARY, "waits for its time", message_id(2))

        def sweep() -> int:
            return expire_overdue(
                table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts,
                longest_wait_ms=app.settings.care.longest_wait_ms, now_ms=app.now_ms(),
            )  # fmt: skip

        assert sweep() == 0
        travel(DAY_MS // 2 + 1000)
        assert (sweep(), sweep()) == (2, 0)
        assert [status(app, count) for count in (1, 2)] == [("expired", "first_contact"), ("expired", "expires_at")]
        assert waiting(app) == []
