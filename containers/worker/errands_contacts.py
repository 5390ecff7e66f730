"""Errands about people: whether they are on WhatsApp, and the name under which they are saved."""

from typing import Any

from containers.worker import page_calls
from containers.worker.errands_desk import Desk
from containers.worker.gate import Held
from containers.worker.patience import patiently
from containers.worker.reach import look_up
from waypost.domain.addresses import parse_address
from waypost.entities.chat import note_contact
from waypost.services.address_book import AddressBook


async def check_exists(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id}` → `{"exists": bool, "contact": our id or None}`, which is kept for a while; or, when the
    budget of questions is used up, `{"wait_ms": how long}`."""
    address = parse_address(arguments["chat"])
    try:
        existence = await look_up(desk.app, desk.page, desk.session.tenant, desk.session.id, address, desk.allowance)
    except Held as held:
        return {"wait_ms": held.hold.until_ms - desk.allowance.now_ms()}
    return {"exists": existence.exists, "contact": existence.contact}


async def save_contact(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id, "name": text}` → `{"contact": our id}`: save somebody in the account's address book."""
    await page_calls.save_contact(desk.page, arguments["chat"], arguments["name"])
    return {"contact": await patiently(_note, desk, arguments["chat"], arguments["name"])}


def _note(desk: Desk, chat: str, name: str) -> str:
    app, session = desk.app, desk.session
    contact = app.contacts.resolve(session.tenant, [parse_address(chat)], now_ms=app.now_ms())
    app.contacts.save_name(session.tenant, contact, name)
    note_contact(app.table, session.id, contact)
    saved = [parse_address(form) for form in app.contacts.addresses(session.tenant, contact)]
    AddressBook(session.id, session.tenant, app.table, app.contacts).note(saved)
    return contact
