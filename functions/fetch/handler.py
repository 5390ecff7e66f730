"""Fetches the files that are named by a URL. Trigger: the queue `fetches`, one message at a time.

    {"media": …}   a file is to be fetched, or tried again

It is a function of its own, so that slow servers hold up nobody's file that is here already, and so that whoever reads
strange files need not reach the internet. A message that fails is given back and comes again.
"""

import functools

from waypost.bootstrap import app
from waypost.entities.media import get_media
from waypost.observability import logger
from waypost.queue_records import Answer, Event, handle_records
from waypost.services.fetching import Fetcher
from waypost.services.media_fetching import fetch_media
from waypost.services.media_preparing import StillClaimed


def handler(event: Event, _context: object) -> Answer:
    return handle_records(event, lambda message: _handle(message["media"]), service="fetch", too_early=(StillClaimed,))


def _handle(media_id: str) -> None:
    parts = app()
    media = get_media(parts.table, media_id)
    if media is None or media.state != "fetching":
        return  # it has been fetched, or is gone
    fetcher = _fetcher(parts.settings.allow_private_sources)
    state = fetch_media(media, files=parts.files, fetcher=fetcher, now_ms=parts.now_ms)
    logger("fetch").info("a file was fetched", extra={"media": media_id, "state": state})


@functools.cache
def _fetcher(allow_private: bool) -> Fetcher:
    """One for this process: what it keeps is how to check certificates."""
    return Fetcher(allow_private=allow_private)
