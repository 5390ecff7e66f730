"""One file from its source to what is sent, whatever happens on the way: claimed, prepared, kept, settled, told.

A try that dies leaves its claim, which ends by itself, and its source; the next one begins anew. What it had written
is written again under the same name. A file that has broken `MAX_ATTEMPTS` tries is refused.
"""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from waypost.domain.media import UPLOAD_MS, Ask, Prepared, State
from waypost.domain.media_refusals import refusal
from waypost.entities.media import (
    WORKED_ON,
    Media,
    claim_media,
    get_media,
    is_settled,
    note_progress,
    release_media,
    settle_media,
)
from waypost.errors import MediaRefused
from waypost.services.media import READY, SMALL, SOURCE, Files
from waypost.services.media_waiting import tell_waiting

# Source, folder for results, what is asked, who hears progress → what became of it, and where it lies.
type Prepare = Callable[[Path, Path, Ask, Callable[[float], None]], tuple[Prepared, Path]]

MAX_ATTEMPTS = 3
PROGRESS_SECONDS = 2.0
_FOLDER = "waypost-media-"  # then the process that made it


class StillClaimed(Exception):
    """Somebody is at it: look again later."""


class MachineAtFault(Exception):
    """A program or a file of ours is missing, which says nothing of the sender's: look again, as often as it takes."""


def prepare_media(
    media_id: str, *, files: Files, prepare: Prepare, now_ms: Callable[[], int], claim_seconds: float
) -> State | None:
    """The state it ended in; None when there is no such file any more. Raises StillClaimed, and whatever an engine
    raises: then the message comes again."""
    found = get_media(files.table, media_id)
    if found is None:
        return None
    if is_settled(found):  # a try that died may have told nobody
        tell_waiting(media_id, table=files.table, queues=files.queues)
        return found.state
    now = now_ms()
    never_came = found.state == "uploading" and found.created_ms + UPLOAD_MS <= now
    states = ("uploading",) if never_came else WORKED_ON
    media = claim_media(files.table, found, now, now + int(claim_seconds * 1000), states=states)
    if media is None:
        raise StillClaimed
    if never_came:
        return refuse_media(media, refusal("upload_never_came", hours=UPLOAD_MS // 3_600_000), files=files)
    try:
        return _settled(media, files, prepare)
    except MachineAtFault:
        release_media(files.table, media, counts=False)
        raise
    except BaseException:
        release_media(files.table, media)
        raise


def _settled(media: Media, files: Files, prepare: Prepare) -> State:
    try:
        if media.attempts > MAX_ATTEMPTS:
            raise refusal("media_broke_reader")
        facts = asdict(_prepared(media, files, prepare))
    except MediaRefused as refused:
        return refuse_media(media, refused, files=files)
    return _end(media, "ready", facts, files)


def refuse_media(media: Media, refused: MediaRefused, *, files: Files) -> State:
    """It is never sent, and its source is gone; whoever asks is told why. `media` is as it was claimed."""
    return _end(media, "refused", {"message": refused.message, "mend": refused.mend}, files, code=refused.code)


def _end(media: Media, state: State, facts: dict[str, Any], files: Files, *, code: str | None = None) -> State:
    sealed = files.seals.seal_json(media.tenant, media.tenant, f"media-facts#{media.id}", facts)
    if settle_media(files.table, media, state, asked=files.without_url(media), facts=sealed, code=code):
        files.forget_source(media)
        tell_waiting(media.id, table=files.table, queues=files.queues)
    return state


def _prepared(media: Media, files: Files, prepare: Prepare) -> Prepared:
    """In a folder of its own, which is gone afterwards: it alone holds plain bytes."""
    asked = files.asked(media)
    ask = Ask(asked.declared, asked.kind, max_source_bytes=files.max_source_bytes)
    with TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as name:
        folder = Path(name)
        source = folder / "source"
        with source.open("wb") as out:
            for piece in files.read(media, SOURCE):
                out.write(piece)
        prepared, path = prepare(source, folder, ask, _Teller(media, files).tell)
        files.write(media, READY, path.read_bytes())
        if prepared.has_thumbnail:
            files.write(media, SMALL, (folder / "thumbnail.jpg").read_bytes())
        return prepared


def clear_leftovers() -> None:
    """Remove the folders of processes that died: to be called before the first file of this one."""
    for folder in Path(gettempdir()).glob(f"{_FOLDER}*-*"):
        maker = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if maker.isdecimal() and (int(maker) == os.getpid() or not _lives(int(maker))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Teller:
    """Notes progress now and then, so that long work can be watched."""

    def __init__(self, media: Media, files: Files) -> None:
        self._media, self._files = media, files
        self._next = time.monotonic() + PROGRESS_SECONDS

    def tell(self, share: float) -> None:
        if time.monotonic() >= self._next:
            note_progress(self._files.table, self._media, round(share * 100))
            self._next = time.monotonic() + PROGRESS_SECONDS
