"""`waypost media`: a file uploaded, prepared and sent, with a line that shows how far it is; or read."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from waypost.client import Media, Message, Waypost

POLL_SECONDS = 0.3
_ON_ITS_WAY = ("accepted", "sending")


async def send_file(
    url: str, api_key: str, session: str, to: str, file: str, said: Mapping[str, Any], wait: bool, console: Console
) -> bool:
    """Whether it was sent; without `wait`, whether it was accepted."""
    async with Waypost(url, api_key) as waypost:
        columns, silent = (TextColumn("{task.description}"), BarColumn()), not console.is_interactive
        bar = Progress(*columns, console=console, transient=True, disable=silent)
        with bar:
            task = bar.add_task("uploading", total=100)
            named = file if "://" in file else await _uploaded(waypost, Path(file), said.get("kind"), bar, task)
            message = await waypost.messages.send_file(session, to, named, **_of_message(named, said))
            console.print(message.id)
            if wait:
                await _watch_media(waypost, message, bar, task)
                message = await _watched(waypost, message, bar, task)
        return not wait or _told(message, console)


async def get_file(url: str, api_key: str, media_id: str, file: Path, console: Console) -> None:
    async with Waypost(url, api_key) as waypost:
        await waypost.media.download(media_id, file)
    console.print(str(file))


def _of_message(named: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """An uploaded file was prepared for its kind already."""
    return {name: value for name, value in said.items() if name != "kind" or "://" in named}


async def _uploaded(waypost: Waypost, path: Path, kind: str | None, bar: Progress, task: TaskID) -> str:
    def note(sent: int, of: int) -> None:
        bar.update(task, completed=100 * sent / of)

    return (await waypost.media.upload(path, kind=kind, progress=note)).id


async def _watch_media(waypost: Waypost, message: Message, bar: Progress, task: TaskID) -> None:
    def note(media: Media) -> None:
        bar.update(task, description=media.state, completed=media.progress)

    await waypost.media.wait(str((message.media or {})["id"]), watch=note)


async def _watched(waypost: Waypost, message: Message, bar: Progress, task: TaskID) -> Message:
    while message.status in _ON_ITS_WAY:
        bar.update(task, description=message.status, completed=100)
        await asyncio.sleep(POLL_SECONDS)
        message = await waypost.messages.get(message.session_id, message.id)
    return message


def _told(message: Message, console: Console) -> bool:
    failure = message.failure or {}
    words = [message.status, f"({message.reason})" if message.reason else "", failure.get("words"), failure.get("mend")]
    console.print(" ".join(word for word in words if word))
    return message.status not in ("failed", "expired", "cancelled", "uncertain")
