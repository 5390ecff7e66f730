"""Makes files fit to be sent. Trigger: the queue `media`, one message at a time.

    {"media": …}   a file has come, or is looked after again

A message that fails is given back and comes again; a file that keeps breaking its readers is refused after three tries.
"""

import functools
import threading
from collections.abc import Callable
from pathlib import Path

from media.bounds import Bounds, Preparer
from waypost.bootstrap import app
from waypost.domain.media import Ask, Prepared
from waypost.observability import logger
from waypost.queue_records import Answer, Event, handle_records
from waypost.services.media_preparing import StillClaimed, clear_leftovers, prepare_media

BOUNDS = Bounds()
CLAIM_SECONDS = BOUNDS.seconds + 20  # reading and writing the bytes, too; below the function's own time limit


def handler(event: Event, _context: object) -> Answer:
    return handle_records(event, lambda message: _handle(message["media"]), service="media", too_early=(StillClaimed,))


def _handle(media_id: str) -> None:
    parts, preparer = app(), _preparer()  # before the file has a folder: what lies there by then are leftovers
    state = prepare_media(
        media_id,
        files=parts.files,
        prepare=functools.partial(_prepare, preparer),
        now_ms=parts.now_ms,
        claim_seconds=CLAIM_SECONDS,
    )
    logger("media").info("a file was looked at", extra={"media": media_id, "state": state})


def _prepare(
    preparer: Preparer, source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]
) -> tuple[Prepared, Path]:
    return preparer.prepare(source, folder, ask, bounds=BOUNDS, progress=progress)


_first_use = threading.Lock()


def _preparer() -> Preparer:
    """One for this process, warm for the next file."""
    with _first_use:  # two first files at once: neither may take the other's folder for a leftover
        return _made()


@functools.cache
def _made() -> Preparer:
    clear_leftovers()
    return Preparer()
