"""Errands with groups. People and groups leave as contacts of ours; WhatsApp's ids stay inside."""

from collections.abc import Sequence
from typing import Any

from containers.worker import page_calls
from containers.worker.errands_desk import Desk
from containers.worker.page_calls import Group, Member
from containers.worker.patience import patiently
from containers.worker.people import People
from waypost.domain.groups import MAX_PARTICIPANTS
from waypost.entities.chat import active_write, note_contact
from waypost.errors import WhatsAppError


async def create_group(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"subject": text, "participants": chat ids}` → the group, with what became of each participant."""
    made = await page_calls.create_group(desk.page, arguments["subject"], arguments["participants"])
    described = await patiently(_describe, desk, made)
    write = active_write(desk.session.id, described["contact"], desk.app.now_ms())
    await patiently(desk.app.table.update, write)
    return described


async def list_groups(desk: Desk, _arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"groups": [{"contact", "subject"}]}`: those that the account is in."""
    found = await page_calls.list_groups(desk.page)
    return {"groups": await patiently(lambda: [_describe(desk, group) for group in found])}


async def get_group(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id of the group}` → the group with its participants."""
    return await patiently(_describe, desk, await page_calls.get_group(desk.page, arguments["chat"]))


async def change_participants(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat", "add": chat ids, "remove": chat ids}` → `{"added": what became of each, "group": as it is then}`.

    Who is in the group already, or is not any more, is no failure: so it can be done twice.
    """
    page, chat = desk.page, arguments["chat"]
    before = await page_calls.get_group(page, chat)
    add, remove = _outside(before, arguments["add"]), _inside(before, arguments["remove"])
    if len(before.members) + len(add) - len(remove) > MAX_PARTICIPANTS:
        raise WhatsAppError("The group would be too large.", code="group_full")
    if remove:
        await page_calls.remove_participants(page, chat, remove)
    added = await page_calls.add_participants(page, chat, add) if add else []
    after = await page_calls.get_group(page, chat)
    members = await patiently(_members, desk, added)
    return {"added": members, "group": await patiently(_describe, desk, after)}


def _describe(desk: Desk, group: Group) -> dict[str, Any]:
    contact = People(desk.app, desk.session).contact(group.id, None, group.subject)
    assert contact is not None, "the page names groups by their ids"
    note_contact(desk.app.table, desk.session.id, contact)
    return {"contact": contact, "subject": group.subject, "participants": _members(desk, group.members)}


def _members(desk: Desk, members: Sequence[Member]) -> list[dict[str, Any]]:
    people = People(desk.app, desk.session)
    return [{"contact": people.of(one.person), "admin": one.admin, "code": one.code} for one in members]


def _outside(group: Group, chats: Sequence[str]) -> list[str]:
    return [chat for chat in chats if chat not in _forms(group)]


def _inside(group: Group, chats: Sequence[str]) -> list[str]:
    return [chat for chat in chats if chat in _forms(group)]


def _forms(group: Group) -> set[str]:
    return {form for one in group.members for form in (one.person.pn, one.person.lid) if form}
