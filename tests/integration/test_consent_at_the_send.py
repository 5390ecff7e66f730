"""Consent is asked for again at the send, and STOP and START are obeyed as they come in (P7), without a browser."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.worker.consent_words import ConsentWords
from containers.worker.naming import MessageKey, Person
from containers.worker.observations import MessageSeen
from containers.worker.people import People
from tests.integration.sending_house import SESSION, TENANT, FakeWhatsApp, accept, sender, sending_app
from tests.integration.test_errands_changes import desk
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.consent import Consent, Standing
from waypost.domain.consent_settings import ConsentSettings
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.entities.chat import get_chat
from waypost.entities.consent import get_standing, list_recorded
from waypost.entities.contact_count import contact_count
from waypost.entities.message import get_message, list_messages
from waypost.entities.schedule import last_waiting_by_chat
from waypost.entities.session import Session, get_session, status_write
from waypost.services.consent_settings import save_consent_settings
from waypost.services.consents import Registry, proof_of
from waypost.services.journal import read
from waypost.services.policy import check_may_message
from waypost.services.sending import CONTENT
from waypost.services.sessions import create_session

GRACE = "4915112345602"
OTHER = "ses_" + "1" * 26


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[App]:
    with sending_app(tmp_path) as app:
        second = Session(id=OTHER, tenant=TENANT, name="other", created_ms=app.now_ms())
        create_session(second, table=app.table, queues=app.engine.queues)
        for session in (SESSION, OTHER):
            me = app.seals.seal_json(TENANT, session, "me", {"pn": "4915112345601@c.us", "lid": None})
            app.table.update(status_write(session, status="working", reason=None, since_ms=0, me=me, desired="running"))
        yield app


def message_id(count: int) -> str:
    return make_id("msg", count.to_bytes(16))


def registry(app: App, number: str = GRACE) -> Registry:
    contact = app.contacts.resolve(TENANT, [parse_address(number)], now_ms=app.now_ms())
    return Registry(contact, TENANT, "key_test", app.now_ms(), app.table, app.seals)


def stored(app: App, message: str) -> Message:
    found = get_message(app.table, message)
    assert found is not None
    return found


async def send_all(app: App, whatsapp: FakeWhatsApp) -> None:
    async with sender(app, whatsapp) as sending:
        for contact, number in last_waiting_by_chat(app.table, SESSION, "interactive").items():
            await sending.send_due(contact, "interactive", up_to=number)


@pytest.mark.parametrize("reason", ["opted_out", "consent_withdrawn", "consent_expired"])
def test_what_was_withdrawn_since_it_was_accepted_is_not_sent(app: App, reason: str) -> None:
    save_consent_settings(TENANT, ConsentSettings(policy="opted_in"), table=app.table, seals=app.seals)
    person, now_ms = registry(app), app.now_ms()
    person.give(Consent("messages", now_ms - 1000, "paper", now_ms + 300 if reason == "consent_expired" else 0))
    accept(app, GRACE, "hello", message_id(1))
    # As if the withdrawal had not seen it in the schedule, because it was accepted in that very moment.
    if reason == "opted_out":
        person.opt_out(means="api", at_ms=now_ms)
    elif reason == "consent_withdrawn":
        person.withdraw("messages", means="api", at_ms=now_ms)
    else:
        person.give(Consent("messages", now_ms - 500, "paper", now_ms - 400))
    whatsapp = FakeWhatsApp()
    asyncio.run(send_all(app, whatsapp))
    assert whatsapp.filed == []
    assert (stored(app, message_id(1)).status, stored(app, message_id(1)).reason) == ("failed", reason)
    assert last_waiting_by_chat(app.table, SESSION, "interactive") == {}


def test_a_withdrawal_in_the_moment_of_the_send_still_wins(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the question and the attempt's transaction: the transaction obeys what holds then."""
    person = registry(app)
    person.give(Consent("messages", app.now_ms() - 1000, "paper"))
    accept(app, GRACE, "hello", message_id(1))
    asked: list[Standing] = []

    def ask_and_then_withdraw(*args: Any, **named: Any) -> Standing:
        asked.append(check_may_message(*args, **named))
        if len(asked) == 1:
            person.opt_out(means="api", at_ms=app.now_ms())
        return asked[0]

    monkeypatch.setattr("containers.worker.permission.check_may_message", ask_and_then_withdraw)
    whatsapp = FakeWhatsApp()
    asyncio.run(send_all(app, whatsapp))
    assert (len(asked), whatsapp.filed) == (1, [])
    assert stored(app, message_id(1)).reason == "opted_out"


def test_groups_are_sent_to_under_any_policy(app: App) -> None:
    save_consent_settings(TENANT, ConsentSettings(policy="opted_in"), table=app.table, seals=app.seals)
    accept(app, "120363000000000000@g.us", "hello", message_id(1))
    whatsapp = FakeWhatsApp()
    asyncio.run(send_all(app, whatsapp))
    assert len(whatsapp.filed) == 1


def said(
    text: str, hex_id: str = "AAAA", *, group: bool = False, mine: bool = False, t: int | None = None
) -> MessageSeen:
    chat = "120363000000000000@g.us" if group else f"{GRACE}@c.us"
    person = Person(f"{GRACE}@c.us", "777777777777777@lid")
    return MessageSeen(
        MessageKey(mine, chat, hex_id), "chat", text, t, chat=None if group else person, author=person
    )  # fmt: skip


def hear(app: App, *seen: MessageSeen, session: str = SESSION, backfilled: bool = False) -> None:
    record = get_session(app.table, session)
    assert record is not None
    asyncio.run(ConsentWords(app, record, People(app, record)).hear(seen, backfilled=backfilled))


def told(app: App, session: str) -> list[tuple[Any, ...]]:
    events = read(app.table, app.seals, session, generation=1, after=0, limit=100)
    return [(event.data.get("consent"), event.data["means"]) for event in events if event.type == "contact_status"]


def texts(app: App, session: str = SESSION) -> list[tuple[str, str]]:
    contact = registry(app).contact
    found, _ = list_messages(app.table, session, contact, limit=50, cursor=None, newest_first=False)
    return [
        (app.seals.open_json(TENANT, contact, f"{CONTENT}#{one.id}", one.content)["text"], one.status) for one in found
    ]


def test_stop_is_recorded_told_and_confirmed_once_and_what_waits_is_cancelled_in_all_sessions(app: App) -> None:
    accept(app, GRACE, "one", message_id(1))
    accept(app, GRACE, "two", message_id(2), "bulk")
    hear(app, said("Bitte STOP?", "A0"), said("  stop!! 🛑", "A1"))
    hear(app, said("stop", "A2"), session=OTHER)
    hear(app, said("STOPP", "A3"))
    hear(app, said("stop!! 🛑", "A1"))  # a worker that died before it was filed hears it again
    person = registry(app)
    standing = get_standing(app.table, person.contact)
    assert (standing.opted_out_by, standing.version) == ("keyword", 1)
    recorded, _ = list_recorded(app.table, person.contact, limit=10, cursor=None)
    assert [(one.step, one.by, proof_of(one, app.seals)) for one in recorded] == [
        ("opted_out", "keyword", "A1:   stop!! 🛑")
    ]
    confirmed = "You will get no more messages from us. Write START if you change your mind."
    assert texts(app) == [("one", "cancelled"), ("two", "cancelled"), (confirmed, "accepted")]
    assert texts(app, OTHER) == []
    assert told(app, SESSION)[0] == ("withdrawn", "keyword")
    whatsapp = FakeWhatsApp()
    asyncio.run(send_all(app, whatsapp))
    assert [text for _, text in whatsapp.filed] == [confirmed]


def test_start_brings_them_back_and_old_words_are_no_news(app: App) -> None:
    person = registry(app)
    person.give(Consent("news", app.now_ms() - 5000, "paper"))
    hear(app, said("START", "B0"))  # nobody had stopped
    assert get_standing(app.table, person.contact).version == 1
    hear(app, said("Abmelden", "B1"))
    hear(app, said("Anmelden.", "B2"))
    standing = get_standing(app.table, person.contact)
    assert standing.opted_out_ms == 0
    assert {one.purpose: one.means for one in standing.consents.values()} == {"news": "paper", "messages": "keyword"}
    assert [text[:20] for text, _ in texts(app)] == ["Sie erhalten keine N", "Sie erhalten wieder "]
    # Found in the history after a gap, but older than what they said since.
    hear(app, said("stop", "B3", t=app.now_ms() // 1000 - 60), backfilled=True)
    assert get_standing(app.table, person.contact).opted_out_ms == 0
    hear(app, said("stop", "B4", t=app.now_ms() // 1000), backfilled=True)
    assert get_standing(app.table, person.contact).opted_out_ms > 0


def test_words_in_groups_and_our_own_are_not_meant(app: App) -> None:
    hear(app, said("stop", "C1", group=True), said("stop", "C2", mine=True))
    assert get_standing(app.table, registry(app).contact).version == 0


def test_number_and_hidden_id_that_were_met_apart_are_one_person(app: App) -> None:
    by_number, by_lid = registry(app), registry(app, "777777777777777@lid")
    assert by_number.contact != by_lid.contact
    hear(app, said("stop", "D1"))
    for contact in (by_number.contact, by_lid.contact):
        assert get_standing(app.table, contact).opted_out_ms > 0
    assert len([one for one in texts(app) if one[1] == "accepted"]) == 1


def test_a_tenant_may_want_no_confirmation_and_has_its_own_words(app: App) -> None:
    rules = ConsentSettings(confirm=False, stop_words=("genug",))
    save_consent_settings(TENANT, rules, table=app.table, seals=app.seals)
    hear(app, said("Genug!", "E1"))
    assert get_standing(app.table, registry(app).contact).opted_out_ms > 0
    assert texts(app) == []


async def test_what_comes_in_opens_the_reply_window_and_is_heard(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        written_ms = at.app.now_ms() // 1000 * 1000
        await at.see(said("hello", "F1", t=written_ms // 1000), said("stop", "F2", t=written_ms // 1000))
        contact = registry(at.app).contact
        assert get_chat(at.app.table, SESSION, contact).inbound_ms == written_ms
        assert get_standing(at.app.table, contact).opted_out_ms > 0
        types = [event.type for event in at.events()]
        assert types == ["contact_status", "message_received", "message_received"]
        assert contact_count(at.app.table, SESSION) == 1
