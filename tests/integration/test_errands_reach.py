"""Whether somebody is on WhatsApp is asked once, before the first message, and what fails then fails at once."""

import asyncio
from pathlib import Path

from tests.integration.sending_house import SESSION, FakeWhatsApp, accept, log_of, sender, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.entities.message import get_message
from waypost.entities.schedule import last_waiting_by_chat
from waypost.services.existence import KNOWN_SECONDS, UNKNOWN_SECONDS

ADA, NOBODY, GROUP = "4915112345602", "4915112345699", "120363041234567890@g.us"
TENANT = "ten_" + "0" * 26


def message_id(count: int) -> str:
    return make_id("msg", count.to_bytes(16))


async def send_all(app: App, whatsapp: FakeWhatsApp) -> None:
    async with sender(app, whatsapp) as sending:
        for contact, number in last_waiting_by_chat(app.table, SESSION, "interactive").items():
            await sending.send_due(contact, "interactive", up_to=number)


def message(app: App, count: int) -> Message:
    found = get_message(app.table, message_id(count))
    assert found is not None
    return found


def test_who_is_not_there_is_asked_for_once_and_handed_nothing(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp(nobody={f"{NOBODY}@c.us"})
        accept(app, NOBODY, "one", message_id(1))
        accept(app, NOBODY, "two", message_id(2))
        asyncio.run(send_all(app, whatsapp))
        for count in (1, 2):
            failed = message(app, count)
            assert (failed.status, failed.reason, failed.attempts) == ("failed", "not_on_whatsapp", 0)
        assert (whatsapp.filed, whatsapp.asked) == ([], [f"{NOBODY}@c.us"])
        assert [kind for _, kind, _ in log_of(app)] == ["message_status_update"] * 2


def test_a_chat_in_which_something_arrived_is_not_asked_for_again(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        for count in (1, 2):
            whatsapp = FakeWhatsApp(nobody={f"{ADA}@c.us"} if count == 2 else set())
            accept(app, ADA, f"text {count}", message_id(count))
            asyncio.run(send_all(app, whatsapp))
            assert whatsapp.asked == ([f"{ADA}@c.us"] if count == 1 else [])
            assert message(app, count).status == "sent"


def test_groups_are_not_asked_for(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        accept(app, GROUP, "hello", message_id(1))
        asyncio.run(send_all(app, whatsapp))
        assert (whatsapp.asked, whatsapp.filed) == ([], [(GROUP, "hello")])


def test_answers_are_kept_a_day_or_an_hour_and_never_readable(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        here, nobody, now_ms = parse_address(ADA), parse_address(NOBODY), app.now_ms()
        app.existences.remember(TENANT, here, [here], now_ms)
        app.existences.remember(TENANT, nobody, None, now_ms)
        for address, seconds in ((here, KNOWN_SECONDS), (nobody, UNKNOWN_SECONDS)):
            assert app.existences.recall(TENANT, address, now_ms + seconds * 1000 - 1) is not None
            assert app.existences.recall(TENANT, address, now_ms + seconds * 1000) is None
        assert app.existences.recall("ten_" + "1" * 26, here, now_ms) is None
        assert app.contacts.find(TENANT, nobody) is None
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert ADA.encode() not in stored
        assert NOBODY.encode() not in stored
