"""What a file is, by its content: a library names the type, the type's own reader confirms it or refuses the file.

    puremagic ─► the family of formats ─► its structure, from the first byte to the last ─► the exact type

Two things at once are found in two ways: what follows behind the end of the content, and marks of a second type where
programs look for them (an archive's directory at the end, a document's or a page's head at the beginning).
"""

import io
import os
import re
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from PIL import Image

from media import archives, boxes, compound, docx, frames, gif, jpeg, pdf, plain, png, webp
from media.decoding import decoding
from media.exif import ORIENTATION
from media.probing import Recording, probe
from waypost.domain.media import BY_MIME, DOCX, Ask, MediaType, declares
from waypost.domain.media_refusals import refusal

# Its deep scan reads whole texts to tell programming languages apart: we ask for the type of the file only.
os.environ.setdefault("PUREMAGIC_DEEPSCAN", "0")
import puremagic  # it reads the setting when it is imported

Image.MAX_IMAGE_PIXELS = None  # our own limits are asked before anything is unpacked
MAX_PIXELS = 120_000_000  # the largest sensors in phones have 200 million cells and save 12 to 108
MAX_FILM_PIXELS = 8192 * 4320
MAX_MOVING_PIXELS = 1_000_000_000  # of all pictures of an animation together
_HEAD = 1024
_PAGE = re.compile(rb"<script|<html|<!doctype html|<\?php|<iframe", re.IGNORECASE)
_DOCUMENT = re.compile(rb"%PDF-\d\.\d")
_SURE = 0.3  # what the library gives for two or three bytes that may be chance
_PADDING = 64  # zeros that some writers leave behind a picture


@dataclass(frozen=True, slots=True)
class Judged:
    """`locked`: a password guards what is inside. `turn` is Exif's orientation of a picture. `pages` are a pdf's;
    `moves` says that a picture is an animation."""

    type: MediaType
    locked: bool = False
    width: int = 0
    height: int = 0
    turn: int = 1
    moves: bool = False
    pages: int | None = None
    recording: Recording | None = None
    appendix: bool = False


def judge(path: Path, ask: Ask) -> Judged:
    """Raises MediaRefused."""
    data = _whole(path, ask)
    reader, found = _reader_of(data)
    judged = reader(data, path)
    if not declares(ask.declared, judged.type):
        raise refusal("media_type_mismatch", found=f"of the type {judged.type.mime}")
    kind = ask.kind
    if kind is not None and kind not in judged.type.kinds:
        kinds = ", ".join(judged.type.kinds)
        raise refusal("media_kind_unfit", found=judged.type.mime, kind=kind, kinds=kinds)
    _check_single(data, found)
    return judged


def _whole(path: Path, ask: Ask) -> bytes:
    size = path.stat().st_size
    if not size:
        raise refusal("media_empty")
    if size > ask.max_source_bytes:
        raise refusal("media_source_too_large", size=size, limit=ask.max_source_bytes)
    return path.read_bytes()


def _reader_of(data: bytes) -> tuple[Callable[[bytes, Path], Judged], str]:
    """The library's first name that we know; a file that it cannot name with confidence may be text."""
    matches = _named(data)
    best = max((match.confidence for match in matches), default=0.0)
    for match in matches:
        if match.confidence == best and match.extension in _FAMILIES:
            family = _FAMILIES[match.extension]
            return _READERS[family], family
    if best <= _SURE or _looks_like_text(data):
        return _text, "text"
    name = matches[0].extension.lstrip(".") or "of a type that is not known"
    raise refusal("media_type_unsupported", found=name)


def _named(data: bytes) -> list[puremagic.PureMagicWithConfidence]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return puremagic.magic_string(data)
        except (puremagic.PureError, ValueError):
            return []


def _looks_like_text(data: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 27 for byte in data[:_HEAD])


def _check_single(data: bytes, family: str) -> None:
    """Raises MediaRefused when the file is of a second type, too."""
    head = data[:_HEAD]
    if family not in ("zip", "compound") and archives.hides_in(data):
        raise refusal("media_polyglot", what="it is an archive, too")
    if family not in ("zip", "pdf", "text", "compound") and _PAGE.search(head):
        raise refusal("media_polyglot", what="it is a web page or a script, too")
    if family not in ("zip", "pdf") and _DOCUMENT.search(head) and b"%%EOF" in data:
        raise refusal("media_polyglot", what="it is a pdf, too")


def _picture(mime: str, walk: ModuleType) -> Callable[[bytes, Path], Judged]:
    def reader(data: bytes, _path: Path) -> Judged:
        last = walk.end(data)
        appendix = walk is jpeg and last < len(data) and jpeg.declares_appendix(data)
        behind = data[last:]
        if not appendix and (behind.strip(b"\0") or len(behind) > _PADDING):
            raise refusal("media_polyglot", what="behind the picture there is something that is not part of it")
        return _seen(data, BY_MIME[mime], appendix)

    return reader


def _seen(data: bytes, type_: MediaType, appendix: bool) -> Judged:
    """Reads what the picture says of itself. It is decoded once, by whoever makes it fit."""
    with decoding(), Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP", "MPO")) as picture:
        width, height = picture.size
        count = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
        _check_pixels(width * height, width * height * count)
        turn = picture.getexif().get(ORIENTATION, 1)
    turn = turn if turn in range(1, 9) else 1
    if turn > 4:
        width, height = height, width
    return Judged(type_, width=width, height=height, turn=turn, moves=count > 1, appendix=appendix)


def _check_pixels(shown: int, together: int) -> None:
    if shown > MAX_PIXELS:
        raise refusal("media_pixel_bomb", pixels=shown, limit=MAX_PIXELS)
    if together > max(MAX_MOVING_PIXELS, shown):
        raise refusal("media_pixel_bomb", pixels=together, limit=MAX_MOVING_PIXELS)


_BRANDS = {"3gp": "video/3gpp", "3g2": "video/3gpp", "3gg": "video/3gpp", "3ge": "video/3gpp"}
_FOREIGN = {"qt  ": "a QuickTime film", "avif": "avif", "avis": "avif", "heic": "heic", "heix": "heic", "mif1": "heic"}
_FOREIGN |= {"crx ": "a camera's raw picture", "jp2 ": "jpeg 2000", "hevc": "heic", "msf1": "heic"}


def _film(data: bytes, path: Path) -> Judged:
    brand = boxes.major_brand(data)
    if data[4:8] != b"ftyp" or brand in _FOREIGN:
        raise refusal("media_type_unsupported", found=_FOREIGN.get(brand, "a QuickTime film"))
    boxes.check_whole(data)
    recording = probe(path, "video/mp4")
    mime = _BRANDS.get(brand[:3], "video/mp4")
    if not recording.has_video:
        return Judged(BY_MIME["audio/mp4"], recording=recording)
    if recording.width * recording.height > MAX_FILM_PIXELS:
        raise refusal("media_pixel_bomb", pixels=recording.width * recording.height, limit=MAX_FILM_PIXELS)
    return Judged(BY_MIME[mime], width=recording.width, height=recording.height, recording=recording)


def _sound(mime: str, check: Callable[[bytes], None]) -> Callable[[bytes, Path], Judged]:
    def reader(data: bytes, path: Path) -> Judged:
        check(data)
        recording = probe(path, mime)
        if recording.has_video:
            raise refusal("media_type_unsupported", found="a film in a container for sound")
        return Judged(BY_MIME[mime], recording=recording)

    return reader


def _pdf(data: bytes, _path: Path) -> Judged:
    pages = pdf.check(data)
    return Judged(BY_MIME["application/pdf"], locked=pages is None, pages=pages)


def _word(data: bytes, _path: Path) -> Judged:
    return Judged(BY_MIME["application/msword"], locked=compound.check_word(data))


def _zip(data: bytes, _path: Path) -> Judged:
    locked = archives.check(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        mime = docx.type_of(archive)
        if mime == DOCX:
            docx.text(archive, _HEAD)
        return Judged(BY_MIME[mime], locked=locked)


def _text(data: bytes, _path: Path) -> Judged:
    plain.check(data)
    return Judged(BY_MIME["text/plain"])


# The library's names, each under the family whose reader decides what it really is.
_FAMILIES = {
    **dict.fromkeys((".jfif", ".jpeg", ".jpe", ".jpg"), "jpeg"),
    **dict.fromkeys((".png", ".apng"), "png"),
    ".gif": "gif",
    ".webp": "webp",
    **dict.fromkeys((".mp4", ".mov", ".3gp", ".3ga", ".3g2", ".m4a", ".m4v", ".f4a", ".f4v", ".avif", ".heic"), "film"),
    **dict.fromkeys((".mp3", ".mp2"), "mp3"),
    ".amr": "amr",
    **dict.fromkeys((".ogg", ".oga", ".opus", ".ogv", ".spx"), "ogg"),
    ".pdf": "pdf",
    **dict.fromkeys((".doc", ".wb3", ".xls", ".ppt", ".msi"), "compound"),
    **dict.fromkeys((".zip", ".docx", ".pptx", ".xlsx", ".jar", ".epub", ".odt", ".apk"), "zip"),
}
_READERS: dict[str, Callable[[bytes, Path], Judged]] = {
    "jpeg": _picture("image/jpeg", jpeg),
    "png": _picture("image/png", png),
    "gif": _picture("image/gif", gif),
    "webp": _picture("image/webp", webp),
    "film": _film,
    "mp3": _sound("audio/mpeg", frames.check_mp3),
    "amr": _sound("audio/amr", frames.check_amr),
    "ogg": _sound("audio/ogg", frames.check_ogg),
    "pdf": _pdf,
    "compound": _word,
    "zip": _zip,
}
