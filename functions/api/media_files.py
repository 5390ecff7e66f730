"""A file as it is read over the API, whichever way it goes: one that came in, or one that is to be sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.bootstrap import App
from waypost.entities.media import Media, get_media
from waypost.entities.received import Received, get_received
from waypost.errors import Conflict, NotFound
from waypost.services.media import READY, SMALL


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that can be read now. `read` gives the bytes from the first to the last, both included."""

    mime: str
    size: int
    sha256: str
    name: str | None
    read: Callable[[int, int], Iterator[bytes]]


def find_file(media_id: str, app: App) -> Media | Received:
    """Raises NotFound `media_not_found`. Whose it is, is for the caller to judge."""
    found = get_received(app.table, media_id, app.now_ms()) or get_media(app.table, media_id)
    if found is None:
        raise NotFound("There is no such media.", field="media", code="media_not_found")
    return found


def readable(found: Media | Received, app: App) -> Readable:
    """Raises Conflict `media_not_ready`, MediaRefused."""
    if isinstance(found, Received):
        return _came(found, app)
    prepared = app.files.prepared(found)
    name = app.files.asked(found).name
    return Readable(prepared.mime, prepared.size, prepared.sha256, name, _slicing(lambda: app.files.read(found, READY)))


def thumbnail(found: Media | Received, app: App) -> bytes:
    """A JPEG. Raises NotFound `thumbnail_not_found`, Conflict `media_not_ready`, MediaRefused."""
    if isinstance(found, Received):
        return app.received.thumbnail(found)
    if not app.files.prepared(found).has_thumbnail:
        raise NotFound("The file has no thumbnail.", field="media", code="thumbnail_not_found")
    return b"".join(app.files.read(found, SMALL))


def _came(received: Received, app: App) -> Readable:
    facts = app.received.known(received).facts
    if received.state != "ready" or facts.size is None or facts.sha256 is None:
        raise Conflict(
            "The file is not here.",
            field="media_id",
            mend="Wait until its state is ready; one that failed can be asked for again.",
            code="media_not_ready",
        )
    return Readable(
        facts.mime,
        facts.size,
        facts.sha256,
        facts.filename,
        lambda first, last: app.received.read(received, first, last),
    )


def _slicing(pieces: Callable[[], Iterator[bytes]]) -> Callable[[int, int], Iterator[bytes]]:
    """Of a stream that can only be read from its beginning."""

    def read(first: int, last: int) -> Iterator[bytes]:
        at = 0
        for piece in pieces():
            if at > last:
                return
            yield piece[max(0, first - at) : max(0, last - at + 1)]
            at += len(piece)

    return read
