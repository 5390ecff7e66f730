"""Files as methods: uploaded in parts, which an interrupted upload goes on with, or fetched by Waypost itself; read.

Each method may raise Refused and Unreachable.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from waypost.client.downloads import download
from waypost.client.http import Http
from waypost.client.shapes import shaped

WAIT_SECONDS = 600.0  # longer than any preparation may take
_FIRST_LOOK, _LONGEST_LOOK = 0.1, 2.0

type Progress = Callable[[int, int], None]  # bytes sent, of how many


@dataclass(frozen=True, slots=True)
class Media:
    """A file on its way to be sent: `uploading` or `fetching`, `checking`, `preparing`, then `ready` or `refused`; or
    one that came in (`direction`): `pending`, then `ready` or `failed`.

    `prepared` is what will be sent, `received` what came, `refusal` why nothing will be or did, `upload` which parts
    are missing."""

    id: str
    state: str
    size: int
    created_at: str
    expires_at: str
    name: str | None = None
    progress: int = 0
    direction: str = "out"
    upload: Mapping[str, Any] | None = None
    prepared: Mapping[str, Any] | None = None
    received: Mapping[str, Any] | None = None
    refusal: Mapping[str, Any] | None = None

    @property
    def is_settled(self) -> bool:
        return self.state in ("ready", "refused", "failed")


class MediaFiles:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def upload(
        self,
        path: Path,
        *,
        name: str | None = None,
        type: str = "",  # as the API calls it
        kind: str | None = None,
        progress: Progress = lambda _sent, _of: None,
    ) -> Media:
        """Send a file's bytes, a part at a time; it is prepared from then on. `name` is what receivers of a document
        are shown; without one it is the file's own. `kind`: what it is to be sent as, where that is not what its
        content suggests."""
        size = (await asyncio.to_thread(path.stat)).st_size
        body = {"size": size, "name": name or path.name, "type": type, "kind": kind}
        media = shaped(Media, await self._http.post("/v1/media", body))
        return await self.resume(media, path, progress=progress)

    async def resume(self, media: Media, path: Path, *, progress: Progress = lambda _sent, _of: None) -> Media:
        """Send the parts that are missing, and say that it is complete."""
        upload = media.upload or {"missing": (), "part_bytes": 1}
        length = int(upload["part_bytes"])
        sent = media.size - sum(min(length, media.size - (number - 1) * length) for number in upload["missing"])
        for number in upload["missing"]:
            part = await asyncio.to_thread(_read, path, (number - 1) * length, length)
            await self._http.ask("PUT", f"{_one(media.id)}/parts/{number}", content=part)
            sent += len(part)
            progress(sent, media.size)
        return shaped(Media, await self._http.post(f"{_one(media.id)}/complete"))

    async def fetch(
        self, url: str, *, name: str | None = None, kind: str | None = None, idempotency_key: str | None = None
    ) -> Media:
        """Have Waypost fetch a file from the public internet."""
        body = {"url": url, "name": name, "kind": kind}
        return shaped(Media, await self._http.post("/v1/media", body, idempotency_key=idempotency_key))

    async def get(self, media_id: str) -> Media:
        return shaped(Media, await self._http.get(_one(media_id)))

    async def wait(
        self, media_id: str, *, seconds: float = WAIT_SECONDS, watch: Callable[[Media], None] = lambda _: None
    ) -> Media:
        """Look until it is ready or refused, or the time is over; `watch` is told each time. A message may name it
        before that: then that waits."""
        ends, pause = time.monotonic() + seconds, _FIRST_LOOK
        while True:
            media = await self.get(media_id)
            watch(media)
            if media.is_settled or time.monotonic() + pause > ends:
                return media
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)

    async def download(self, media_id: str, path: str | Path, *, progress: Progress = lambda _read, _of: None) -> Path:
        """Read a file into one of this machine, whole or not at all. Raises Refused `media_not_ready`."""
        return await download(self._http, f"{_one(media_id)}/content", Path(path), progress=progress)

    async def thumbnail(self, media_id: str) -> bytes:
        """A JPEG. Raises Refused `thumbnail_not_found`."""
        return (await self._http.read(f"{_one(media_id)}/thumbnail")).content

    async def link(self, media_id: str, *, seconds: int = 300) -> str:
        """An address from which whoever has it can read the file for so long, without a key."""
        return str((await self._http.post(f"{_one(media_id)}/link", {"seconds": seconds}))["url"])

    async def retry(self, media_id: str) -> Media:
        """Ask again for a file that failed to come in."""
        return shaped(Media, await self._http.post(f"{_one(media_id)}/retry"))


def _read(path: Path, at: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(length)


def _one(media_id: str) -> str:
    return f"/v1/media/{quote(media_id, safe='')}"
