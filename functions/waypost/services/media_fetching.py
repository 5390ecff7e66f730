"""One try to fetch a file that is named by a URL (media_urls.py), whatever becomes of it."""

from collections.abc import Callable
from dataclasses import replace

from waypost.domain.media import State
from waypost.entities.media import Media, claim_media, mark_fetched, put_off, release_media
from waypost.errors import MediaRefused
from waypost.services.fetching import SECONDS, Fetcher, TryAgain
from waypost.services.media import Files
from waypost.services.media_preparing import StillClaimed, refuse_media
from waypost.services.media_uploads import keep_stream

BACK_OFF_SECONDS = (5, 20, 60, 180)  # between the tries; after the last one it is refused
_LONGEST_WAIT = 600  # that a server may ask for
_CLAIM_MS = round((SECONDS + 60) * 1000)  # keeping the bytes, too


def fetch_media(media: Media, *, files: Files, fetcher: Fetcher, now_ms: Callable[[], int]) -> State:
    """One try; the state it ended in. Raises StillClaimed, and whatever an engine raises: then the message comes
    again."""
    now = now_ms()
    claimed = claim_media(files.table, media, now, now + _CLAIM_MS, states=("fetching",))
    if claimed is None:
        raise StillClaimed
    try:
        return _fetched(claimed, files, fetcher, now_ms)
    except BaseException:
        release_media(files.table, claimed)
        raise


def _fetched(media: Media, files: Files, fetcher: Fetcher, now_ms: Callable[[], int]) -> State:
    try:
        asked = files.asked(media)
        with fetcher.fetch(asked.url, limit=files.max_source_bytes) as answer:
            found = keep_stream(media, answer.pieces, files=files)
        known = replace(found, name=asked.name or answer.name)
    except TryAgain as failed:
        return _later(media, failed, files, now_ms())
    except MediaRefused as refused:
        return refuse_media(media, refused, files=files)
    if mark_fetched(files.table, media, asked=files.seal_asked(media.id, media.tenant, known)):
        files.ask_for(media.id)
    return "checking"


def _later(media: Media, failed: TryAgain, files: Files, now: int) -> State:
    if media.attempts > len(BACK_OFF_SECONDS):
        return refuse_media(media, failed.refused, files=files)
    wait = max(BACK_OFF_SECONDS[media.attempts - 1], min(round(failed.after), _LONGEST_WAIT))
    put_off(files.table, media, now + wait * 1000)
    files.ask_to_fetch(media.id, delay_seconds=wait + 1)
    return "fetching"
