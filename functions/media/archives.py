"""Zip archives, looked through without unpacking them: whole, honest about their size, and nothing but an archive.

Every entry is inflated once, in pieces that are counted and forgotten, also those of archives inside of it.
"""

import io
import itertools
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass

from waypost.domain.media_refusals import refusal

MAX_ENTRIES = 10_000
MAX_EXPANDED_BYTES = 512 * 1024 * 1024
MAX_RATIO = 150  # text packs 20 times, logs perhaps 60; deflate cannot do more than 1032
FREE_BYTES = 4 * 1024 * 1024  # what unpacks to less than that harms nobody, whatever its ratio
MAX_DEPTH = 3
_PIECE = 256 * 1024
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END_BYTES, _MAX_COMMENT = 22, 65_535
_LOCKED = 0x1
_ESCAPES = re.compile(r"^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)|\x00")


@dataclass
class Budget:
    """What all entries together may still unpack to."""

    left: int

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise refusal("media_zip_bomb", what="its content is many times its own size")


def hides_in(data: bytes) -> bool:
    """Whether programs that unpack archives would take this file for one: they look at its end."""
    at = data.rfind(_END, max(0, len(data) - _END_BYTES - _MAX_COMMENT))
    if at < 0 or len(data) < at + _END_BYTES:
        return False
    size = struct.unpack_from("<I", data, at + 12)[0]
    return 0 < size <= at and data.startswith(_CENTRAL, at - size)


def opened(data: bytes) -> zipfile.ZipFile:
    """The archive's directory. Raises MediaRefused when it is not one, whole and by itself."""
    at = data.rfind(_END, max(0, len(data) - _END_BYTES - _MAX_COMMENT))
    if at < 0 or len(data) < at + _END_BYTES:
        raise refusal("media_truncated", what="the archive's directory is missing")
    count, comment = struct.unpack_from("<H", data, at + 10)[0], struct.unpack_from("<H", data, at + 20)[0]
    if count > MAX_ENTRIES:
        raise refusal("media_zip_bomb", what=f"it has more than {MAX_ENTRIES} entries")
    if at + _END_BYTES + comment != len(data):
        raise refusal("media_polyglot", what="behind the archive there is something that is not part of it")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise refusal("media_damaged", what="the archive's directory makes no sense") from None


def check(data: bytes) -> bool:
    """Whether entries are locked with a password. Raises MediaRefused."""
    return _check(data, Budget(max(FREE_BYTES, min(MAX_EXPANDED_BYTES, MAX_RATIO * len(data)))), depth=1)


def _check(data: bytes, budget: Budget, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise refusal("media_zip_bomb", what="there are archives in archives in archives")
    with opened(data) as archive:
        entries = archive.infolist()
        _check_entries(data, entries)
        budget.spend(sum(entry.file_size for entry in entries if entry.compress_type != zipfile.ZIP_DEFLATED))
        for entry in entries:
            if not entry.flag_bits & _LOCKED and not entry.is_dir():
                _check_entry(data, entry, budget, depth)
        return any(entry.flag_bits & _LOCKED for entry in entries)


def _check_entries(data: bytes, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise refusal("media_zip_bomb", what=f"it has more than {MAX_ENTRIES} entries")
    if any(_ESCAPES.search(entry.orig_filename) for entry in entries):
        raise refusal("media_unsafe_names")
    places = sorted((entry.header_offset, _body(data, entry) + entry.compress_size) for entry in entries)
    if any(later < end for (_, end), (later, _) in itertools.pairwise(places)):
        raise refusal("media_zip_bomb", what="its entries lie over each other")
    if places and places[0][0] != 0:
        raise refusal("media_polyglot", what="before the archive there is something that is not part of it")


def _body(data: bytes, entry: zipfile.ZipInfo) -> int:
    """Where its compressed bytes begin: behind a header that gives name and extras anew."""
    at = entry.header_offset
    if not data.startswith(_LOCAL, at) or len(data) < at + 30:
        raise refusal("media_damaged", what="the archive's directory names what is not there")
    name, extra = struct.unpack_from("<HH", data, at + 26)
    return at + 30 + int(name) + int(extra)


def _check_entry(data: bytes, entry: zipfile.ZipInfo, budget: Budget, depth: int) -> None:
    start = _body(data, entry)
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        inner = _inflated(data[start : start + entry.compress_size], entry, budget)
    elif entry.compress_type == zipfile.ZIP_STORED:
        inner = data[start : start + entry.compress_size]
    else:
        inner = b""  # counted by what the directory says
    if inner.startswith(_LOCAL):
        _check(inner, budget, depth + 1)


def _inflated(packed: bytes, entry: zipfile.ZipInfo, budget: Budget) -> bytes:
    """What comes out, when it is an archive itself; otherwise nothing is kept. Checks size and sum."""
    unpacker, count, total, kept = zlib.decompressobj(-15), 0, 0, bytearray()
    try:
        while not unpacker.eof:
            piece = unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail
            budget.spend(len(piece))
            count, total = count + len(piece), zlib.crc32(piece, total)
            if kept or (count == len(piece) and piece.startswith(_LOCAL)):
                kept += piece
            if count > entry.file_size:
                raise refusal("media_zip_bomb", what="more comes out than its directory says")
            if not piece and not packed:
                break
    except zlib.error:
        raise refusal("media_damaged", what="an entry of the archive cannot be unpacked") from None
    if not unpacker.eof or count != entry.file_size or total != entry.CRC:
        raise refusal("media_damaged", what="an entry of the archive is not what its directory says")
    return bytes(kept)
