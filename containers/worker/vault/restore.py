"""Puts a published version back as a profile: every tag, every hash and every database is checked before it stands
where a browser would open it."""

import asyncio
import shutil
from pathlib import Path

from containers.worker.patience import patiently
from containers.worker.vault.manifest import Manifest, NotAManifest, Piece, Saved, from_bytes
from containers.worker.vault.packing import Packer, tampered
from containers.worker.vault.snapshot import inspect
from waypost.domain.profile import Version
from waypost.errors import NotFound
from waypost.ports import Blobs
from waypost.services.profiles import manifest_key, object_key

_AT_ONCE = 8


async def restore(version: Version, folder: Path, *, packer: Packer, blobs: Blobs) -> Saved:
    """Make `folder`, which is new, the profile that this version holds; returns what is to be put back by API.

    Raises Tampered `profile_tampered`, which names the object; OSError; what the store raises. Then nothing is there.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
    try:
        return await _fill(version, folder, packer, blobs)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _fill(version: Version, folder: Path, packer: Packer, blobs: Blobs) -> Saved:
    manifest = await read_manifest(version, packer=packer, blobs=blobs)
    limit = asyncio.Semaphore(_AT_ONCE)

    async def bring(piece: Piece) -> None:
        async with limit:
            await patiently(_bring, piece, folder, version.session, packer, blobs)

    try:
        async with asyncio.TaskGroup() as tasks:
            for piece in manifest.pieces:
                tasks.create_task(bring(piece))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    await asyncio.to_thread(_write_small, manifest, folder)
    whole = await asyncio.to_thread(inspect, folder)
    if whole.torn is not None:
        raise tampered(manifest_key(version.session, version.id))
    return manifest.saved


async def read_manifest(version: Version, *, packer: Packer, blobs: Blobs) -> Manifest:
    """Raises Tampered, and what the store raises."""
    key = manifest_key(version.session, version.id)
    plain = await patiently(_fetch, key, packer, blobs)
    try:
        manifest = await asyncio.to_thread(from_bytes, plain)
    except NotAManifest:
        raise tampered(key) from None
    if manifest.version != version.id or {piece.object for piece in manifest.pieces} != set(version.objects):
        raise tampered(key)
    return manifest


def _fetch(key: str, packer: Packer, blobs: Blobs) -> bytes:
    try:
        return packer.unpack(key, blobs.get(key))
    except NotFound:
        raise tampered(key) from None


def _bring(piece: Piece, folder: Path, session: str, packer: Packer, blobs: Blobs) -> None:
    key = object_key(session, piece.object)
    try:
        plain = packer.unpack_named(key, piece.object.partition("/")[2], blobs.get(key))
    except NotFound:
        raise tampered(key) from None
    if len(plain) != piece.size:
        raise tampered(key)
    write_private(folder / piece.path, plain)


def _write_small(manifest: Manifest, folder: Path) -> None:
    for path, content in manifest.small.items():
        write_private(folder / path, content)


def write_private(path: Path, content: bytes) -> None:
    """Mode 0600, in folders of 0700."""
    for parent in [*reversed(path.parents), path.parent]:
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
