"""Microsoft's compound files: whether one is a Word document, and the text of its first page.

The layout is that of [MS-DOC]: a header (FIB) in the stream WordDocument says which table stream holds the piece
table, and that says which pieces of WordDocument are the text.
"""

import struct
import warnings
from collections.abc import Iterator

import olefile

from waypost.domain.media_refusals import refusal

_WORD_MAGIC = 0xA5EC
_LOCKED, _IN_TABLE_1 = 0x0100, 0x0200
_PIECE_TABLE_AT = 154 + 33 * 8  # offset and length of the Clx in FibRgFcLcb97, when the parts before it are Word 97's
_MACROS = ("macros", "_vba_project_cur", "vba")
_PRESSED = 0x40000000  # this piece is cp1252, and its offset is doubled
_MAX_STREAM_BYTES = 64 * 1024 * 1024


def opened(data: bytes) -> olefile.OleFileIO:
    """The file's directory. Raises MediaRefused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it then mends
            return olefile.OleFileIO(data)
    except (OSError, ValueError, struct.error, IndexError):
        code = "media_truncated" if _is_cut(data) else "media_damaged"
        raise refusal(code, what="the document's parts cannot be found") from None


def _is_cut(data: bytes) -> bool:
    """Whether the header names a directory that lies behind the end."""
    shift, first = (
        struct.unpack_from("<H", data.ljust(52, b"\0"), 30)[0],
        struct.unpack_from("<I", data.ljust(52), 48)[0],
    )
    return bool(len(data) < (first + 2) << min(shift, 12))


def check_word(data: bytes) -> bool:
    """Whether its text is locked with a password. Raises MediaRefused when it is no Word document, whole and tame."""
    with opened(data) as ole:
        names = {path[0].lower() for path in ole.listdir(streams=True, storages=True)}
        if "encryptedpackage" in names:
            raise refusal("media_encrypted")
        if "worddocument" not in names:
            raise refusal("media_type_unsupported", found="a document of another Office program")
        if names.intersection(_MACROS):
            raise refusal("media_macros")
        header = _stream(ole, "WordDocument")
        if len(header) < _PIECE_TABLE_AT + 8 or struct.unpack_from("<H", header)[0] != _WORD_MAGIC:
            raise refusal("media_damaged", what="the document has no header")
        return bool(struct.unpack_from("<H", header, 10)[0] & _LOCKED)


def text(data: bytes, limit: int) -> str:
    """The first `limit` characters of the document, a line for a paragraph. Raises MediaRefused."""
    with opened(data) as ole:
        header = _stream(ole, "WordDocument")
        flags = struct.unpack_from("<H", header, 10)[0]
        table = _stream(ole, "1Table" if flags & _IN_TABLE_1 else "0Table")
        at, size = struct.unpack_from("<II", header, _PIECE_TABLE_AT)
        found = ""
        try:
            for piece in _pieces(table[at : at + size], header):
                found += piece
                if len(found) >= limit:
                    break
        except struct.error:
            raise refusal("media_damaged", what="the document's text cannot be found") from None
    return _readable(found)[:limit]


def _pieces(clx: bytes, document: bytes) -> Iterator[str]:
    """Properties (kind 1) may come before the table (kind 2): n+1 positions, then n descriptors of eight bytes."""
    at = 0
    while clx[at : at + 1] == b"\x01":
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if clx[at : at + 1] != b"\x02":
        return
    size = struct.unpack_from("<I", clx, at + 1)[0]
    count = (size - 4) // 12
    if not 0 < count <= len(clx) // 12:
        return
    positions = struct.unpack_from(f"<{count + 1}I", clx, at + 5)
    for index in range(count):
        place = struct.unpack_from("<I", clx, at + 5 + 4 * (count + 1) + 8 * index + 2)[0]
        length = max(0, positions[index + 1] - positions[index])
        if place & _PRESSED:
            start = (place & ~_PRESSED) // 2
            yield document[start : start + length].decode("cp1252", "replace")
        else:
            yield document[place : place + 2 * length].decode("utf-16-le", "replace")


def _readable(found: str) -> str:
    """Word's marks as lines and tabs; fields keep what they show, and lose what they are."""
    shown, hidden = [], 0
    for letter in found:
        if letter == "\x13":
            hidden += 1
        elif letter == "\x14" or letter == "\x15":
            hidden = max(0, hidden - (letter == "\x14" or hidden > 0))
        elif not hidden:
            shown.append({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x07": "\t"}.get(letter, letter))
    return "".join(letter for letter in shown if letter in "\n\t" or letter.isprintable())


def _stream(ole: olefile.OleFileIO, name: str) -> bytes:
    try:
        if ole.get_size(name) > _MAX_STREAM_BYTES:
            raise refusal("media_damaged", what="a part of the document is larger than any real one")
        return bytes(ole.openstream(name).read())
    except (OSError, IndexError):
        raise refusal("media_truncated", what="a part of the document is missing") from None
