"""Errands in a chat: telling its members that we read, or that we write."""

from typing import Any

from containers.worker import page_calls
from containers.worker.errands_desk import Desk
from containers.worker.patience import patiently
from waypost.entities.chat import note_read


async def mark_read(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"contact": our id, "chat": chat id}`: tell the chat's members that their messages were read."""
    await page_calls.mark_read(desk.page, arguments["chat"])
    app = desk.app
    await patiently(note_read, app.table, desk.session.id, arguments["contact"], app.now_ms())
    return {}


async def typing(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id, "state": "composing" | "recording" | "paused", "seconds": number or None}`."""
    await page_calls.typing(desk.page, arguments["chat"], arguments["state"], arguments.get("seconds"))
    return {}
