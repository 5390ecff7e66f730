"""What a session's owner does on its page when it is asked to: one function a command, by the command's name.

An errand gets its arguments as the API left them and returns what the API is to answer. It is repeatable when doing it
twice is doing it once; one that is not ends as `uncertain` when its owner died on the way.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from containers.worker.page import Page
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.entities.session import Session


@dataclass(frozen=True, slots=True)
class Desk:
    """What an errand works with."""

    app: App
    session: Session
    page: Page
    steps: Steps


type Errand = Callable[[Desk, dict[str, Any]], Awaitable[dict[str, Any]]]


async def mark_read(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id}`: tell the chat's members that their messages were read."""
    await desk.page.mark_read(arguments["chat"])
    return {}


async def typing(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"chat": chat id, "state": "composing" | "recording" | "paused"}`."""
    await desk.page.typing(arguments["chat"], arguments["state"])
    return {}


async def check_exists(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"number": digits}`: whether it is on WhatsApp, and under which ids."""
    found = await desk.page.query_exists(arguments["number"])
    return {"exists": found.exists, "pn": found.person.pn, "lid": found.person.lid}


ERRANDS: dict[str, Errand] = {"mark_read": mark_read, "typing": typing, "check_exists": check_exists}
REPEATABLE = frozenset({"mark_read", "typing", "check_exists"})
