"""Sends what is put into the drop. Trigger: the queue `drop`, one message at a time. What it may
say, services/drop_telling.py lists.

A message that fails is given back and comes again; after `max_receives` it is a dead letter, kept for a day, as the
drop is. The log names ids and outcomes: the places hold numbers.
"""

from typing import Any

from waypost.bootstrap import App, app
from waypost.observability import logger
from waypost.queue_records import Answer, Event, handle_records
from waypost.services.drop_following import follow
from waypost.services.drop_telling import places_in
from waypost.services.drops import DropDesk, take


def handler(event: Event, _context: object) -> Answer:
    return handle_records(event, lambda message: _handle(message, app()), service="drop")


def _handle(message: dict[str, Any], parts: App) -> None:
    desk = _desk(parts)
    if "follow" in message:
        seen = follow(message["follow"], message["step"], desk)
        logger("drop").info("a dropped file was looked after", extra={"drop": message["follow"], "seen": seen})
    for key in places_in(message, parts.seals):
        done = take(key, desk)
        logger("drop").info("the drop was looked at", extra={"done": done})


def _desk(parts: App) -> DropDesk:
    return DropDesk(
        table=parts.table,
        queues=parts.engine.queues,
        seals=parts.seals,
        contacts=parts.contacts,
        keys=parts.engine.keys,
        files=parts.files,
        drops=parts.engine.drops,
        backlog=parts.backlog,
        note_wait_seconds=parts.settings.drop_note_seconds,
        now_ms=parts.now_ms,
    )
