"""The files on the media server: ciphertext on disk, found by a path that only those who were told it know."""

import base64
import hashlib
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from containers.simulator.errors import BadRequest, TooLarge, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

MIB = 1024 * 1024
# What the page itself allows; its documents may have 2 GB, of which this server takes no more than this.
MOST_BYTES = {"document": 100 * MIB}
MOST_MEDIA_BYTES = 16 * MIB
FOLDER = "t62.7118-24"
OVERHEAD = 64


def most_bytes(kind: str) -> int:
    return MOST_BYTES.get(kind, MOST_MEDIA_BYTES)


def _folder(network: Network) -> Path:
    network.store.files.mkdir(exist_ok=True)
    return network.store.files


async def receive(network: Network, kind: str, token: str, chunks: AsyncIterator[bytes]) -> str:
    """Keeps an upload and returns its direct path; refused when it is not what its token, its own hash, says."""
    folder = _folder(network)
    partial = folder / f"{secrets.token_hex(8)}.part"
    digest, size, limit = hashlib.sha256(), 0, most_bytes(kind) + OVERHEAD
    try:
        with partial.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge("media_too_large", f"a file of this kind has at most {limit} bytes")
                digest.update(chunk)
                file.write(chunk)
        if base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=") != token.rstrip("="):
            raise BadRequest("bad_token", "the file is not the one that its token names")
        partial.replace(folder / digest.hexdigest())
    finally:
        partial.unlink(missing_ok=True)
    return file_as(network, kind, digest.hexdigest(), size)


def sweep(network: Network) -> None:
    """Clears away what was half received when the server was killed."""
    for partial in _folder(network).glob("*.part"):
        partial.unlink()


def keep(network: Network, kind: str, sealed: bytes) -> str:
    """A phone's own upload."""
    name = hashlib.sha256(sealed).hexdigest()
    (_folder(network) / name).write_bytes(sealed)
    return file_as(network, kind, name, len(sealed))


def file_as(network: Network, kind: str, name: str, size: int) -> str:
    """A new path to bytes that are there: the same file may be uploaded, and be gone, more than once."""
    digits = "".join(str(secrets.randbelow(10)) for _ in range(31))
    path = f"/v/{FOLDER}/{digits[:15]}_{digits[15:]}_n.enc"
    network.store.run(
        "insert into files (path, name, kind, size, at) values (?, ?, ?, ?, ?)", path, name, kind, size, now_ms()
    )
    return f"{path}?ccb=11-4&oh=01_{secrets.token_hex(16)}&oe={now_ms() // 1000 + 14 * 86_400:X}"


def row_of(network: Network, direct_path: str) -> sqlite3.Row:
    row = network.store.one("select * from files where path = ?", direct_path.partition("?")[0])
    if row is None:
        raise Unknown("unknown_file", "there is no file under this path")
    return row


def path_on_disk(network: Network, row: sqlite3.Row) -> Path:
    return _folder(network) / str(row["name"])


def sealed_bytes(network: Network, direct_path: str) -> bytes:
    return path_on_disk(network, row_of(network, direct_path)).read_bytes()


def change_faults(network: Network, direct_path: str, faults: dict[str, object]) -> None:
    network.store.run(
        "update files set faults = ? where path = ?", json.dumps(faults), row_of(network, direct_path)["path"]
    )
