"""Writes LevelDB directories for tests: manifests record by record, and tables that are only sizes and an end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from containers.worker.vault.leveldb import crc32c

BLOCK, HEADER = 32 * 1024, 7
TABLE_END = bytes.fromhex("57fb808b247547db")


@dataclass(frozen=True)
class Edit:
    """One record of a manifest. `added` are numbers of tables with their sizes."""

    added: tuple[tuple[int, int], ...] = ()
    deleted: tuple[int, ...] = ()
    log: int | None = None


def write_database(folder: Path, edits: Sequence[Edit], *, manifest: str = "MANIFEST-000001") -> None:
    folder.mkdir(parents=True)
    (folder / "CURRENT").write_text(f"{manifest}\n")
    (folder / manifest).write_bytes(manifest_of(edits))
    tables = live_tables(edits)
    for number, size in tables.items():
        (folder / f"{number:06d}.ldb").write_bytes(b"t" * (size - 8) + TABLE_END)
    log = next((edit.log for edit in reversed(edits) if edit.log), None)
    if log:
        (folder / f"{log:06d}.log").write_bytes(b"log")


def live_tables(edits: Iterable[Edit]) -> dict[int, int]:
    tables: dict[int, int] = {}
    for edit in edits:
        for number in edit.deleted:
            tables.pop(number, None)
        tables.update(edit.added)
    return tables


def manifest_of(edits: Sequence[Edit]) -> bytes:
    first = varint(1) + _text(b"idb_cmp1") + varint(2) + varint(0) + varint(3) + varint(2) + varint(4) + varint(0)
    return records([first, *map(_encoded, edits)])


def records(payloads: Iterable[bytes]) -> bytes:
    """In blocks of 32 KiB, as log_format.md says."""
    out = bytearray()
    for payload in payloads:
        begun, left = False, payload
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < HEADER:
                out += b"\0" * room
                continue
            piece, left = left[: room - HEADER], left[room - HEADER :]
            kind = {(False, False): 1, (False, True): 2, (True, True): 3, (True, False): 4}[begun, bool(left)]
            out += _masked(crc32c(bytes([kind]) + piece)).to_bytes(4, "little")
            out += len(piece).to_bytes(2, "little") + bytes([kind]) + piece
            begun = True
            if not left:
                break
    return bytes(out)


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _encoded(edit: Edit) -> bytes:
    out = b"" if edit.log is None else varint(2) + varint(edit.log)
    out += varint(5) + varint(1) + _text(b"pointer")
    for number in edit.deleted:
        out += varint(6) + varint(0) + varint(number)
    for number, size in edit.added:
        out += varint(7) + varint(0) + varint(number) + varint(size) + _text(b"a" * 20) + _text(b"z" * 300)
    return out


def _text(content: bytes) -> bytes:
    return varint(len(content)) + content


def _masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
