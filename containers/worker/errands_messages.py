"""Errands on a message that was sent before: edit it, revoke it, react to it.

What was done is recorded here, so that the answer finds it in the message; that the page tells of it, too, changes
nothing (amendments.py).
"""

from typing import Any

from containers.worker import page_calls
from containers.worker.errands_desk import Desk
from containers.worker.page_calls import Place
from containers.worker.patience import patiently
from waypost.domain.ids import whatsapp_hex
from waypost.entities.message import get_message
from waypost.errors import NotFound
from waypost.services.sending import CONTENT


async def edit_message(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"message": our id, "text": the new one}`."""
    place = await patiently(_place, desk, arguments["message"])
    seen = await page_calls.edit_text(desk.page, place, arguments["text"])
    await desk.amendments.edited(arguments["message"], seen.text, edit_id=seen.edit_id)
    return {"message_id": arguments["message"]}


async def revoke_message(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"message": our id}`: take it back for everybody."""
    await page_calls.revoke(desk.page, await patiently(_place, desk, arguments["message"]))
    await desk.amendments.revoked(arguments["message"], by=None)
    return {"message_id": arguments["message"]}


async def react_to_message(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"message": our id, "emoji": one, or None to take it back}`."""
    place = await patiently(_place, desk, arguments["message"])
    t = await page_calls.react(desk.page, place, arguments["emoji"])
    await desk.amendments.reacted(arguments["message"], arguments["emoji"], by=None, t=t)
    return {"message_id": arguments["message"]}


def _place(desk: Desk, message_id: str) -> Place:
    """Where the page has it. What we sent bears a name of ours, everything else the name that the page told."""
    app = desk.app
    message = get_message(app.table, message_id)
    if message is None or message.session != desk.session.id:
        raise NotFound("There is no such message.", code="message_not_found")
    chats = tuple(app.contacts.addresses(message.tenant, message.contact))
    if message.source == "api":
        return Place(whatsapp_hex(message.id), None, chats)
    content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
    return Place(content["hex"] if message.direction == "out" else None, content["key"], chats)
