"""A file on its way from the page into the spool: cut into parts, each sealed before it touches the disk; measured."""

import asyncio
import hashlib

from containers.worker.page_files import Loaded
from containers.worker.spool import Spool
from waypost.domain.file_marks import HEAD_BYTES, type_of
from waypost.domain.received import PART_BYTES, FileFacts
from waypost.errors import WhatsAppError
from waypost.services.receiving import THUMBNAIL, name_of, sealed_part


class Pouring:
    """Of one file. `take` is handed the plain pieces in order, then `finish` ends it."""

    def __init__(self, spool: Spool, media_id: str, secret: bytes, *, max_bytes: int) -> None:
        self._spool = spool
        self._media = media_id
        self._secret = secret
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._parts = 0
        self._head = b""
        self._kept = bytearray()

    async def take(self, piece: bytes) -> None:
        """Raises WhatsAppError `media_received_too_large`."""
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise WhatsAppError("The file is too large.", code="media_received_too_large")
        self._head = (self._head + piece[:HEAD_BYTES])[:HEAD_BYTES]
        self._kept += piece
        while len(self._kept) >= PART_BYTES:
            part = bytes(self._kept[:PART_BYTES])
            del self._kept[:PART_BYTES]
            await asyncio.to_thread(self._keep, part)

    async def finish(self, said: FileFacts, loaded: Loaded) -> FileFacts:
        """What the file is, beside what was said of it. Raises WhatsAppError `media_corrupt` when it is not the one
        that was sent."""
        if self._kept or not self._parts:
            await asyncio.to_thread(self._keep, bytes(self._kept))
        sha256 = self._hash.hexdigest()
        if self._size != loaded.size or (said.sha256 is not None and said.sha256 != sha256):
            raise WhatsAppError("What came is not what was sent.", code="media_corrupt")
        facts = FileFacts(
            mime=type_of(self._head, said.mime or loaded.mime), size=self._size, sha256=sha256,
            filename=said.filename, width=said.width, height=said.height, duration_ms=said.duration_ms,
            pages=said.pages, view_once=said.view_once, has_thumbnail=loaded.thumbnail is not None,
        )  # fmt: skip
        await asyncio.to_thread(self._finish, facts, loaded.thumbnail)
        return facts

    def _keep(self, part: bytes) -> None:
        self._hash.update(part)
        self._parts += 1
        name = name_of(self._parts)
        self._spool.keep(self._media, name, sealed_part(self._secret, self._media, name, part))

    def _finish(self, facts: FileFacts, thumbnail: bytes | None) -> None:
        if thumbnail is not None:
            small = sealed_part(self._secret, self._media, THUMBNAIL, thumbnail)
            self._spool.keep(self._media, THUMBNAIL, small)
        self._spool.finish(self._media, self._secret, facts)
