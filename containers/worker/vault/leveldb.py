"""Whether a LevelDB directory is whole: its manifest reads, and every file that it names is there.

A database whose manifest names a missing table is silently deleted by Chromium, which is a logout; so a copy that was
torn must be told from a good one before it is kept or used. Format: LevelDB's doc/log_format.md and db/version_edit.cc.
Reading is as lenient as LevelDB's own: a record that a kill cut off at the end is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = 32 * 1024
_HEADER = 7  # checksum (4), length (2), type (1)
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_TABLE_SUFFIXES = (".ldb", ".sst")
_SMALLEST_TABLE = 48  # its footer


class Torn(ValueError):
    """The directory is not whole. `file` is the name of the file that is missing or wrong."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file


@dataclass(slots=True)
class Inventory:
    """What a manifest says is live: tables with their sizes, and the number of the oldest log that is needed."""

    tables: dict[int, int] = field(default_factory=dict)
    log: int = 0
    complete: bool = False


def is_database(folder: Path) -> bool:
    """Whether it holds a LevelDB, or what is left of one."""
    return (folder / "CURRENT").exists() or any(folder.glob("MANIFEST-*")) or any(folder.glob("*.ldb"))


def databases_in(folder: Path) -> list[Path]:
    return sorted(path for path, _, _ in folder.walk() if is_database(path))


def verify(folder: Path) -> Inventory:
    """What is live in it. Raises Torn."""
    manifest = _current_manifest(folder)
    inventory = read_manifest(manifest.read_bytes(), manifest.name)
    for number, size in inventory.tables.items():
        _check_table(folder, number, size)
    if inventory.log and not (folder / f"{inventory.log:06d}.log").exists():
        raise Torn(f"{inventory.log:06d}.log", "the log that the manifest names is missing")
    return inventory


def read_manifest(data: bytes, name: str = "MANIFEST") -> Inventory:
    """Raises Torn."""
    inventory = Inventory()
    try:
        for record in _records(data, name):
            _apply(record, inventory)
    except (IndexError, ValueError) as problem:
        if isinstance(problem, Torn):
            raise
        raise Torn(name, "a record cannot be read") from None
    if not inventory.complete:
        raise Torn(name, "it does not say where the database goes on")
    return inventory


def _current_manifest(folder: Path) -> Path:
    current = folder / "CURRENT"
    if not current.exists():
        raise Torn("CURRENT", "it is missing")
    said = current.read_bytes()
    if not said.endswith(b"\n") or not said.startswith(b"MANIFEST-") or b"/" in said:
        raise Torn("CURRENT", "it does not name a manifest")
    manifest = folder / said[:-1].decode("ascii", "replace")
    if not manifest.exists():
        raise Torn(manifest.name, "the manifest that CURRENT names is missing")
    return manifest


def _check_table(folder: Path, number: int, size: int) -> None:
    path = next((p for suffix in _TABLE_SUFFIXES if (p := folder / f"{number:06d}{suffix}").exists()), None)
    if path is None:
        raise Torn(f"{number:06d}.ldb", "a table that the manifest names is missing")
    with path.open("rb") as table:
        there = table.seek(0, 2)
        if there != size or size < _SMALLEST_TABLE:
            raise Torn(path.name, f"it has {there} bytes, the manifest says {size}")
        table.seek(-8, 2)
        if table.read() != _TABLE_MAGIC:
            raise Torn(path.name, "its end is not that of a table")


def _records(data: bytes, name: str) -> Iterator[bytes]:
    """Whole records, in order. What is cut off at the very end is left out, as LevelDB does."""
    pieces: list[bytes] | None = None
    for kind, piece in _fragments(data, name):
        if kind == _FULL:
            yield piece
            pieces = None
        elif kind == _FIRST:
            pieces = [piece]
        elif pieces is None:
            raise Torn(name, "a record lacks its beginning")
        else:
            pieces.append(piece)
            if kind == _LAST:
                yield b"".join(pieces)
                pieces = None


def _fragments(data: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:  # the rest of a block that no header fits into
            at += left
            continue
        if len(data) - at < _HEADER:
            return
        checksum, length = int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at + 4 : at + 6], "little")
        kind, piece = data[at + 6], data[at + _HEADER : at + _HEADER + length]
        if kind == 0 and length == 0:  # room that was set aside and not written yet
            at += left
            continue
        if len(piece) < length and at + left >= len(data):
            return
        if kind > _LAST or _HEADER + length > left or _unmask(checksum) != crc32c(bytes([kind]) + piece):
            raise Torn(name, "a record fails its checksum")
        yield kind, piece
        at += _HEADER + length


class _Reader:
    """Reads the fields of one record. Raises IndexError or ValueError where they do not make sense."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number is too long")

    def skip_number(self) -> None:
        self.number()

    def skip_text(self) -> None:
        length = self.number()  # moves on by itself
        self._at += length
        if self._at > len(self._data):
            raise IndexError("a text is cut off")


def _apply(record: bytes, inventory: Inventory) -> None:
    reader = _Reader(record)
    while reader:
        tag = reader.number()
        if tag not in _FIELDS:
            raise ValueError("an unknown field")
        _FIELDS[tag](reader, inventory)


def _read_log(reader: _Reader, inventory: Inventory) -> None:
    inventory.log = reader.number()


def _read_next_file(reader: _Reader, inventory: Inventory) -> None:
    reader.skip_number()
    inventory.complete = True


def _read_deleted(reader: _Reader, inventory: Inventory) -> None:
    reader.skip_number()  # level
    inventory.tables.pop(reader.number(), None)


def _read_new(reader: _Reader, inventory: Inventory) -> None:
    reader.skip_number()  # level
    number, size = reader.number(), reader.number()
    reader.skip_text()  # the smallest key
    reader.skip_text()  # the largest
    inventory.tables[number] = size


def _read_pointer(reader: _Reader, _inventory: Inventory) -> None:
    reader.skip_number()  # level
    reader.skip_text()  # key


_FIELDS: dict[int, Callable[[_Reader, Inventory], None]] = {
    1: lambda reader, _: reader.skip_text(),  # the comparator's name
    2: _read_log,
    3: _read_next_file,
    4: lambda reader, _: reader.skip_number(),  # the last sequence
    5: _read_pointer,
    6: _read_deleted,
    7: _read_new,
    9: lambda reader, _: reader.skip_number(),  # an older log, of databases from 2011
}


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data: bytes) -> int:
    """Castagnoli's, which zlib does not have. About 10 MB/s: a manifest is some kilobytes."""
    crc, table = 0xFFFFFFFF, _CRC
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _unmask(checksum: int) -> int:
    rotated = (checksum - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
