"""Whom an account has saved, and how many people a session knows (R-LIM-7, R-LIM-8)."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from containers.worker.address_book import AddressBookWatch
from containers.worker.contact_count import ContactCount
from containers.worker.page import Page
from containers.worker.recorder import Recorder
from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.consent_settings import ConsentSettings
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.domain.wanted import Wanted, text_to
from waypost.entities.contact_count import contact_count, count_writes
from waypost.entities.head import claim
from waypost.entities.saved_contact import list_saved
from waypost.entities.session import Session
from waypost.errors import BusinessRuleError
from waypost.services.accepting import accept
from waypost.services.address_book import AddressBook
from waypost.services.consent_settings import save_consent_settings
from waypost.services.journal import read

GRACE, GRACE_LID, ADA = "4915112345602", "777777777777777@lid", "4915112345603"
LINKED = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", me=b"x")


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[App]:
    with sending_app(tmp_path) as app:
        yield app


def book(app: App) -> AddressBook:
    return AddressBook(SESSION, TENANT, app.table, app.contacts)


def bulk(app: App, to: str) -> Message:
    wanted: Wanted = replace(text_to(parse_address(to), "news", lane="bulk"), bulk=make_id("blk", bytes(16)))
    return accept(
        wanted, message_id=make_id("msg", to.encode()[:16].ljust(16)), session=LINKED, now_ms=app.now_ms(),
        table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts,
    )  # fmt: skip


def test_bulk_goes_to_saved_contacts_only_under_either_of_their_addresses(app: App) -> None:
    app.contacts.resolve(TENANT, [parse_address(GRACE), parse_address(GRACE_LID)], now_ms=app.now_ms())
    for to in (GRACE, GRACE_LID, ADA):
        with pytest.raises(BusinessRuleError) as refused:
            bulk(app, to)
        assert refused.value.code == "not_a_saved_contact"
        assert refused.value.mend
    book(app).note([parse_address(GRACE_LID)])
    assert bulk(app, GRACE).status == "accepted"
    assert bulk(app, "120363000000000000@g.us").status == "accepted"
    with pytest.raises(BusinessRuleError):
        bulk(app, ADA)
    rules = ConsentSettings(bulk_to_saved_only=False)
    save_consent_settings(TENANT, rules, table=app.table, seals=app.seals)
    assert bulk(app, ADA).status == "accepted"


class AddressBookPage:
    """What WhatsApp Web shows of an address book."""

    def __init__(self, *people: dict[str, str | None]) -> None:
        self.people = list(people)

    async def call(self, name: str, details: Any = None, seconds: float = 0) -> Any:
        assert name == "savedContacts"
        return self.people


def test_the_address_book_of_the_account_is_followed(app: App) -> None:
    page = AddressBookPage({"pn": f"{GRACE}@c.us", "lid": GRACE_LID}, {"pn": "0@c.us", "lid": None})

    async def ready() -> Page:
        return cast(Page, page)

    watch = AddressBookWatch(app, LINKED, ready_page=ready)
    assert asyncio.run(watch.look(cast(Page, page))) == 2
    assert book(app).is_saved_contact(parse_address(GRACE))
    assert asyncio.run(watch.look(cast(Page, page))) == 0
    page.people = [{"pn": f"{ADA}@c.us", "lid": None}]
    assert asyncio.run(watch.look(cast(Page, page))) == 3
    assert not book(app).is_saved_contact(parse_address(GRACE))
    assert book(app).is_saved_contact(parse_address(ADA))
    assert len(list_saved(app.table, SESSION)) == 1
    # Nobody of whom only the address book knows becomes a contact of ours.
    assert app.contacts.find(TENANT, parse_address(ADA)) is None


async def count(app: App, numbers: range) -> None:
    """Each twice, and by two who do not know what the other has counted."""
    head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
    recorder = Recorder(app, head)
    running = asyncio.create_task(recorder.run())
    contacts = [
        app.contacts.resolve(TENANT, [parse_address(f"49151200{number:05d}")], now_ms=app.now_ms())
        for number in numbers
    ]
    for counting in (ContactCount(app, recorder), ContactCount(app, recorder)):
        for contact in [*contacts, *contacts]:
            await counting.note(TENANT, SESSION, contact)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def warnings(app: App) -> list[tuple[str, int]]:
    events = read(app.table, app.seals, SESSION, generation=1, after=0, limit=100)
    return [(event.data["warning"], event.data["contacts"]) for event in events if event.type == "session_status"]


def test_a_session_that_nears_a_thousand_people_says_so_once(app: App) -> None:
    asyncio.run(count(app, range(3)))
    assert (contact_count(app.table, SESSION), warnings(app)) == (3, [])
    for number in range(3, 898):  # as if they had been counted over the months
        app.table.transact(count_writes(SESSION, f"con_{number}", number))
    asyncio.run(count(app, range(900, 904)))
    assert contact_count(app.table, SESSION) == 902
    assert warnings(app) == [("contacts_near_limit", 900)]
    for number in range(902, 999):
        app.table.transact(count_writes(SESSION, f"con_{number}", number))
    asyncio.run(count(app, range(910, 913)))
    assert (contact_count(app.table, SESSION), warnings(app)[1:]) == (1002, [("contacts_at_limit", 1000)])


def test_groups_are_no_contacts(app: App) -> None:
    async def note() -> None:
        recorder = Recorder(app, claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000))
        group = app.contacts.resolve(TENANT, [parse_address("120363000000000000@g.us")], now_ms=app.now_ms())
        await ContactCount(app, recorder).note(TENANT, SESSION, group)

    asyncio.run(note())
    assert contact_count(app.table, SESSION) == 0
