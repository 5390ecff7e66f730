"""A file of the drop that cannot be sent: moved away with its note, and the reason beside it in words for people."""

import json
from contextlib import suppress

from waypost.domain.drops import MAX_PLACES, note_of, reason_of, rejected_place
from waypost.domain.event import rfc3339
from waypost.errors import ConditionFailed, TooLarge, WaypostError
from waypost.ports import Dropped, Drops


def reject(file: Dropped, note: Dropped | None, refused: WaypostError, *, drops: Drops, now_ms: int) -> str:
    """Returns `rejected: <code>`. Raises ConditionFailed when the file was changed meanwhile: look again."""
    to = _moved(file, _words(refused, now_ms), drops)
    if note is not None:
        with suppress(ConditionFailed):  # another note lies there by now
            drops.move(note, note_of(to))
    return f"rejected: {refused.code}"


def _moved(file: Dropped, reason: bytes, drops: Drops) -> str:
    """The reason first: whoever finds the file finds why it is there."""
    for number in range(1, MAX_PLACES + 1):
        to = rejected_place(file.key, number)
        if drops.look(to) is not None or drops.look(note_of(to)) is not None:
            continue
        there = drops.look(file.key)
        if there is None or there.version != file.version:
            raise ConditionFailed("does not hold: it is as it was seen")
        drops.write(reason_of(to), reason)
        try:
            drops.move(file, to)
        except ConditionFailed:
            if drops.look(to) is None:
                raise
            continue  # somebody else took the place
        except TooLarge:  # too large to be moved, too: it goes with the next emptying
            drops.tag(file.key, {"waypost-status": "rejected"})
        return to
    raise ConditionFailed("does not hold: a place is free for what was refused")


def _words(refused: WaypostError, now_ms: int) -> bytes:
    reason = {
        "code": refused.code,
        "what": refused.message,
        "where": refused.field,
        "mend": refused.mend,
        "at": rfc3339(now_ms),
    }
    return (json.dumps(reason, indent=2, ensure_ascii=False) + "\n").encode()
