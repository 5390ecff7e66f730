"""The list of what a copy of a profile is made of, as bytes and back: every file, and what the page said of itself.

Bytes: 4 of length (big endian), that much JSON, then the small files one after the other. It is packed as one object,
so that a copy of an idle profile is one write.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

FORMAT = 1


class NotAManifest(ValueError):
    """The bytes are whole, but nothing that we wrote."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What the page keeps beside its databases and writes to disk only after a minute: taken and put back by API.

    `origin` is where `local_storage` belongs; `cookies` in Playwright's form.
    """

    origin: str = ""
    local_storage: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that is an object of its own, by the object's name (`{epoch}/{hash}`)."""

    path: str
    size: int
    object: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`small` are whole files by path. Paths are relative to the profile, with `/`."""

    version: str
    taken_ms: int
    chromium: str
    saved: Saved
    pieces: tuple[Piece, ...] = ()
    small: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def to_bytes(manifest: Manifest) -> bytes:
    said = {
        "format": FORMAT,
        "version": manifest.version,
        "taken_ms": manifest.taken_ms,
        "chromium": manifest.chromium,
        "saved": asdict(manifest.saved),
        "pieces": [asdict(piece) for piece in manifest.pieces],
        "small": [[path, len(content)] for path, content in manifest.small.items()],
    }
    head = json.dumps(said, separators=(",", ":")).encode()
    return b"".join((len(head).to_bytes(4), head, *manifest.small.values()))


def from_bytes(data: bytes) -> Manifest:
    """Raises NotAManifest."""
    try:
        length = int.from_bytes(data[:4])
        said = json.loads(data[4 : 4 + length])
        if said["format"] != FORMAT:
            raise NotAManifest(f"format {said['format']}, not {FORMAT}")
        return Manifest(
            version=said["version"],
            taken_ms=said["taken_ms"],
            chromium=said["chromium"],
            saved=Saved(said["saved"]["origin"], said["saved"]["local_storage"], tuple(said["saved"]["cookies"])),
            pieces=tuple(Piece(_safe(piece["path"]), piece["size"], piece["object"]) for piece in said["pieces"]),
            small=_cut(said["small"], data, 4 + length),
        )
    except (KeyError, TypeError, IndexError, ValueError) as problem:
        raise NotAManifest(str(problem) if isinstance(problem, NotAManifest) else type(problem).__name__) from None


def _cut(sizes: list[list[Any]], data: bytes, at: int) -> dict[str, bytes]:
    small = {}
    for path, size in sizes:
        small[_safe(path)] = data[at : at + size]
        at += size
    if at != len(data):
        raise NotAManifest("its length is wrong")
    return small


def _safe(path: str) -> str:
    """Only below the profile."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise NotAManifest("a path leaves the profile")
    return path
