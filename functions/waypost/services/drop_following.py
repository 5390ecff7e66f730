"""What became of a dropped file's message, told where the file lies, until it is sent or never will be.

A file that turns out to be no good, which is known only once it was looked into, is moved away like any that was
refused at once. The looks become rarer: a message may wait for hours.
"""

from typing import Any

from waypost.domain.drops import note_of
from waypost.domain.message import Message, is_settled
from waypost.entities.drop import Drop, get_drop, note_told
from waypost.entities.message import get_message
from waypost.errors import ConditionFailed, MediaRefused, NotFound
from waypost.ports import Dropped
from waypost.services.drop_rejecting import reject
from waypost.services.drop_telling import follow_later
from waypost.services.drops import DropDesk, tags_of
from waypost.services.media import Files

_STEPS = (2, 3, 5, 10, 20, 40, 80, 160, 320, 640)  # seconds
_LONGEST = 900
_GIVE_UP_MS = 26 * 3600 * 1000  # the file is gone, and with it the place to tell it


def follow(drop_id: str, step: int, desk: DropDesk) -> str:
    """One look; what was seen, in a word for the log."""
    drop = get_drop(desk.table, drop_id)
    message = None if drop is None else get_message(desk.table, drop.message)
    if drop is None or message is None:
        return "gone"
    refused = _refused(drop, desk.files)
    seen = message.status if refused is None else f"rejected: {refused.code}"
    if refused is not None:
        _move_away(drop, refused, desk)
    elif seen != drop.told or step == 0:
        _tell(drop, message, desk)
    if refused is None and _is_ready(drop, desk.files):
        _let_go(drop, desk)
    note_told(desk.table, drop, seen, desk.now_ms())
    if refused is None and not is_settled(message.status) and desk.now_ms() - drop.created_ms < _GIVE_UP_MS:
        wait = _STEPS[step] if step < len(_STEPS) else _LONGEST
        follow_later(drop.id, step + 1, wait, desk.queues)
    return seen


def _refused(drop: Drop, files: Files) -> MediaRefused | None:
    try:
        media = files.find(drop.media, drop.tenant)
        if media.state == "refused":
            files.prepared(media)
    except MediaRefused as refused:
        return refused
    except NotFound:
        return None
    return None


def _is_ready(drop: Drop, files: Files) -> bool:
    try:
        return files.find(drop.media, drop.tenant).state == "ready"
    except NotFound:
        return True


def _move_away(drop: Drop, refused: MediaRefused, desk: DropDesk) -> None:
    file = _file(drop, desk)
    if file is not None:
        reject(file, desk.drops.look(note_of(file.key)), refused, drops=desk.drops, now_ms=desk.now_ms())


def _tell(drop: Drop, message: Message, desk: DropDesk) -> None:
    """Not where another file lies by now: it has an outcome of its own."""
    place = _place(drop, desk)
    there = desk.drops.look(place["key"])
    if there is None or there.version == place["version"]:
        desk.drops.tag(place["key"], tags_of(message))


def _let_go(drop: Drop, desk: DropDesk) -> None:
    file = _file(drop, desk)
    if file is None:
        return
    try:
        desk.drops.let_go(file)
    except ConditionFailed:
        return  # another one lies there by now


def _file(drop: Drop, desk: DropDesk) -> Dropped | None:
    place = _place(drop, desk)
    there = desk.drops.look(place["key"])
    return there if there is not None and there.version == place["version"] else None


def _place(drop: Drop, desk: DropDesk) -> dict[str, Any]:
    found: dict[str, Any] = desk.seals.open_json(drop.tenant, drop.tenant, f"drop#{drop.id}", drop.place)
    return found
