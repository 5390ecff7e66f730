"""Turns a copy of a profile into a published version: only what is new is compressed, sealed and stored."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from containers.worker.patience import patiently
from containers.worker.vault.manifest import Manifest, Piece, Saved, to_bytes
from containers.worker.vault.packing import Packer
from containers.worker.vault.snapshot import Snapshot
from waypost.domain.profile import Version
from waypost.entities.profile import version_id
from waypost.ports import Blobs
from waypost.services.profiles import manifest_key, object_key

_SMALL_BYTES = 32 * 1024
_SMALL_LOG_BYTES = 8 * 1024 * 1024  # a log changes all the time, and Chromium cuts it at about 4 MB
_AT_ONCE = 4
_TALLY = 20_000  # remembered files


@dataclass(frozen=True, slots=True)
class _Trait:
    """What tells a file from another version of itself."""

    path: str
    inode: int
    size: int
    changed_ns: int


@dataclass(slots=True)
class Tally:
    """What one owner knows to be stored: objects by hash, and the hashes of files that it has read before."""

    stored: dict[str, str] = field(default_factory=dict)
    hashes: dict[_Trait, str] = field(default_factory=dict)

    def learn(self, versions: Iterable[Version]) -> None:
        """Only what a kept version names is sure to stay."""
        self.stored = {name.partition("/")[2]: name for version in versions for name in version.objects}
        if len(self.hashes) > _TALLY:
            self.hashes.clear()


@dataclass(frozen=True, slots=True)
class Packed:
    """A version that only lacks its manifest in the store."""

    version: Version
    manifest: bytes
    put: int
    put_bytes: int


async def pack_up(
    snapshot: Snapshot, saved: Saved, *, session: str, epoch: int, count: int, linked_ms: int, taken_ms: int,
    chromium: str, packer: Packer, blobs: Blobs, tally: Tally,
) -> Packed:  # fmt: skip
    """Store every new object, a few at once, and return the version with its packed manifest. Raises OSError and what
    the store raises."""
    limit, put = asyncio.Semaphore(_AT_ONCE), list[int]()
    # A copy: what a failed try has stored may be collected before the next one.
    mine = Tally(dict(tally.stored), tally.hashes)

    async def keep(path: str, file: Path) -> Piece:
        async with limit:
            piece, stored = await patiently(_keep, path, file, session, epoch, packer, blobs, mine)
        put.extend([stored] if stored else [])
        return piece

    small, large = await asyncio.to_thread(_split, snapshot)
    pieces = await asyncio.gather(*(keep(path, file) for path, file in large.items()))
    version = Version(
        id=version_id(epoch, count), session=session, linked_ms=linked_ms, taken_ms=taken_ms,
        data_bytes=snapshot.data_bytes, objects=tuple(sorted({piece.object for piece in pieces})),
    )  # fmt: skip
    manifest = Manifest(version.id, taken_ms, chromium, saved, tuple(pieces), small)
    packed = await asyncio.to_thread(lambda: packer.pack(manifest_key(session, version.id), to_bytes(manifest)))
    return Packed(version, packed, len(put) + 1, sum(put) + len(packed))


def _split(snapshot: Snapshot) -> tuple[dict[str, bytes], dict[str, Path]]:
    """Small files with their contents, and the others."""
    small, large = dict[str, bytes](), dict[str, Path]()
    for path, file in snapshot.files.items():
        size = file.stat().st_size
        if size <= (_SMALL_LOG_BYTES if file.suffix == ".log" else _SMALL_BYTES):
            small[path] = file.read_bytes()
        else:
            large[path] = file
    return small, large


def _keep(
    path: str, file: Path, session: str, epoch: int, packer: Packer, blobs: Blobs, tally: Tally
) -> tuple[Piece, int]:
    """The file as a piece, and how many bytes were stored for it now."""
    stat = file.stat()
    trait = _Trait(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    known = tally.stored.get(tally.hashes.get(trait, ""))
    if known is not None:
        return Piece(path, stat.st_size, known), 0
    plain = file.read_bytes()
    tally.hashes[trait] = digest = packer.name(plain)
    if digest in tally.stored:
        return Piece(path, len(plain), tally.stored[digest]), 0
    name = f"{epoch:08d}/{digest}"
    packed = packer.pack(object_key(session, name), plain)
    blobs.put(object_key(session, name), packed)
    tally.stored[digest] = name
    return Piece(path, len(plain), name), len(packed)
