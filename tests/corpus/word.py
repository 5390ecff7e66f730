"""Word's binary form: a compound file (sectors of 512 bytes) with the document's streams. Just enough to be valid."""

import struct
from collections.abc import Mapping, Sequence

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR = 512
_SMALL = 4096  # streams below that would go to the mini stream; ours are padded to it


def word_document(
    text: str,
    *,
    storages: Sequence[str] = (),
    streams: Mapping[str, bytes] | None = None,
    is_word: bool = True,
    locked: bool = False,
) -> bytes:
    parts = dict(streams or {})
    if is_word:
        parts |= _word_streams(text, locked)
    return compound({name: data.ljust(_SMALL, b"\0") for name, data in parts.items()}, storages)


def _word_streams(text: str, locked: bool) -> dict[str, bytes]:
    """Text of one piece in UTF-16 behind the header, and the piece table in the other stream."""
    start, encoded = 2048, text.encode("utf-16-le")
    count = len(encoded) // 2
    pieces = struct.pack("<II", 0, count) + struct.pack("<HIH", 0, start, 0)
    table = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    header = bytearray(start)
    struct.pack_into("<HH", header, 0, 0xA5EC, 0x00C1)
    struct.pack_into("<H", header, 10, 0x0200 | (0x0100 if locked else 0))  # the table is in 1Table
    struct.pack_into("<H", header, 32, 14)
    struct.pack_into("<H", header, 62, 22)
    struct.pack_into("<I", header, 64 + 3 * 4, count)
    struct.pack_into("<H", header, 152, 93)
    struct.pack_into("<II", header, 154 + 33 * 8, 0, len(table))
    return {"WordDocument": bytes(header) + encoded, "1Table": table}


def compound(streams: Mapping[str, bytes], storages: Sequence[str]) -> bytes:
    chain: list[int] = []
    body, starts = bytearray(), {}
    for name, data in streams.items():
        count = -(-len(data) // _SECTOR)
        starts[name] = len(chain)
        chain += [*range(len(chain) + 1, len(chain) + count), _END]
        body += data.ljust(count * _SECTOR, b"\0")
    directory = _directory(streams, starts, storages)
    first = len(chain)
    count = len(directory) // _SECTOR
    chain += [*range(first + 1, first + count), _END]
    body += directory
    fats = 1
    while fats * (_SECTOR // 4) < len(chain) + fats:
        fats += 1
    where = [len(chain) + n for n in range(fats)]
    chain += [_FAT] * fats
    chain += [_FREE] * (fats * _SECTOR // 4 - len(chain))
    body += struct.pack(f"<{len(chain)}I", *chain)
    return _header(first, where) + bytes(body)


def _header(directory: int, fats: list[int]) -> bytes:
    made = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    made += struct.pack("<IIIIIIIII", 0, len(fats), directory, 0, _SMALL, _END, 0, _END, 0)
    return made + struct.pack("<109I", *fats, *[_FREE] * (109 - len(fats)))


def _directory(streams: Mapping[str, bytes], starts: Mapping[str, int], storages: Sequence[str]) -> bytes:
    """The root, then everything as a chain to the right, in the order that names have there."""
    children = sorted((*streams, *storages), key=lambda name: (len(name), name.upper()))
    entries = [_entry("Root Entry", 5, child=1)]
    for index, name in enumerate(children, start=1):
        after = index + 1 if index < len(children) else _FREE
        if name in streams:
            entries.append(_entry(name, 2, right=after, start=starts[name], size=len(streams[name])))
        else:
            entries.append(_entry(name, 1, right=after))
    while len(entries) % 4:
        entries.append(_entry("", 0))
    return b"".join(entries)


def _entry(name: str, kind: int, *, right: int = _FREE, child: int = _FREE, start: int = 0, size: int = 0) -> bytes:
    raw = name.encode("utf-16-le")
    made = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2 if name else 0, kind, 1)
    made += struct.pack("<III", _FREE, right, child) + bytes(36)
    return made + struct.pack("<IQ", start if kind == 2 else (_END if kind == 5 else 0), size)
