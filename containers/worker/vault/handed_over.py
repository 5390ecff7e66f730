"""Takes over a profile that was linked on the operator's machine: checked, put in place, then forgotten."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import backports.zstd as zstd

from containers.worker.patience import patiently
from containers.worker.vault.links import profile_folder
from containers.worker.vault.manifest import Manifest, NotAManifest, Saved, from_bytes, to_bytes
from containers.worker.vault.restore import write_private
from containers.worker.vault.snapshot import Snapshot, has_login, inspect
from waypost.bootstrap import App
from waypost.domain.handover import join
from waypost.entities.handover import Handover
from waypost.entities.session import Session
from waypost.errors import NotFound, ValidationError
from waypost.observability import logger
from waypost.services.handover import forget, part_key, ready_handover, unwrap_key

log = logger("worker")

_MOST_BYTES = 512 * 1024**2
_NAME = "handover"


class HandedOver:
    """Of one session under one epoch."""

    def __init__(self, app: App, session: Session) -> None:
        self._app = app
        self._session = session
        self._taken: Handover | None = None

    async def take(self) -> Saved | None:
        """Put a profile that was handed over in place of the local one; what is to be put back by API. None when there
        is none, or it is not good: then it is forgotten, and the session asks for a code."""
        handover = await patiently(ready_handover, self._session.id, table=self._app.table)
        if handover is None:
            return None
        try:
            saved = await asyncio.to_thread(self._unpack, handover)
        except (ValidationError, NotAManifest, NotFound, zstd.ZstdError, OSError) as problem:
            kind = type(problem).__name__
            log.error("what was handed over is not good", extra={"session": self._session.id, "kind": kind})
            await self._forget(handover)
            return None
        log.info("took over a profile", extra={"session": self._session.id, "parts": handover.parts})
        self._taken = handover
        return saved

    async def done(self) -> None:
        """It led to a login, or to none: either way it is of no use any more."""
        taken, self._taken = self._taken, None
        if taken is not None:
            await self._forget(taken)

    async def _forget(self, handover: Handover) -> None:
        await patiently(forget, handover, table=self._app.table, blobs=self._app.engine.blobs["profiles"])

    def _unpack(self, handover: Handover) -> Saved:
        app, session = self._app, self._session
        key = unwrap_key(handover, session.tenant, keys=app.engine.keys)
        blobs = app.engine.blobs["profiles"]
        parts = [blobs.get(part_key(handover, part)) for part in range(1, handover.parts + 1)]
        manifest = unpacked(join(parts, key=key, session=session.id, epoch=handover.epoch))
        profile = profile_folder(app.settings.home, session.id)
        profile.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{session.id}.restoring-", dir=profile.parent))
        try:
            for path, content in manifest.small.items():
                write_private(fresh / "profile" / path, content)
            if not has_login(fresh / "profile") or inspect(fresh / "profile").torn is not None:
                raise NotAManifest("no whole database")
            shutil.rmtree(profile, ignore_errors=True)
            (fresh / "profile").rename(profile)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return manifest.saved


def packed(snapshot: Snapshot, saved: Saved, *, chromium: str, taken_ms: int) -> bytes:
    """A whole profile in one piece, for its way over."""
    small = {path: file.read_bytes() for path, file in snapshot.files.items()}
    return zstd.compress(to_bytes(Manifest(_NAME, taken_ms, chromium, saved, (), small)), 3)


def unpacked(data: bytes) -> Manifest:
    """Raises NotAManifest, ZstdError."""
    size = zstd.get_frame_info(data).decompressed_size
    if size is None or size > _MOST_BYTES:
        raise NotAManifest("its size is wrong")
    manifest = from_bytes(zstd.decompress(data))
    if manifest.version != _NAME or manifest.pieces:
        raise NotAManifest("it is something else")
    return manifest
