"""Word's docx: whether an archive is one, and the text of its first page."""

import zipfile
from xml.parsers import expat

from waypost.domain.media import DOCX
from waypost.domain.media_refusals import refusal

_KINDS, _MAIN = "[Content_Types].xml", "wordprocessingml.document.main+xml"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_MAX_PART_BYTES = 64 * 1024 * 1024
_PIECE = 64 * 1024


class _Enough(Exception):
    """The first page is full."""


def type_of(archive: zipfile.ZipFile) -> str:
    """The MIME type of what an archive really is. Raises MediaRefused for other programs' packages, and for macros."""
    names = set(archive.namelist())
    if _KINDS in names:
        kinds = _part(archive, _KINDS)
        if b"macroEnabled" in kinds or any(name.endswith("vbaProject.bin") for name in names):
            raise refusal("media_macros")
        if _MAIN.encode() in kinds:
            return DOCX
        raise refusal("media_type_unsupported", found="a document of another Office program")
    if "META-INF/MANIFEST.MF" in names or "AndroidManifest.xml" in names:
        raise refusal("media_type_unsupported", found="a program")
    if "mimetype" in names:
        raise refusal("media_type_unsupported", found="a document of another program, packed")
    return "application/zip"


def text(archive: zipfile.ZipFile, limit: int) -> str:
    """The first `limit` characters of the document, a line for a paragraph. Raises MediaRefused."""
    name = _main_part(archive)
    found: list[str] = []
    parser = _parser(found, limit)
    try:
        with archive.open(name) as part:
            while piece := part.read(_PIECE):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
    except _Enough:
        pass
    except (expat.ExpatError, zipfile.BadZipFile):
        raise refusal("media_damaged", what="the document's text makes no sense") from None
    return "".join(found)[:limit]


def _parser(found: list[str], limit: int) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    inside = [0]

    def started(name: str, _attributes: dict[str, str]) -> None:
        inside[0] += name in _named("t")
        if name in _named("tab"):
            found.append("\t")
        if name in _named("br"):
            found.append("\n")

    def ended(name: str) -> None:
        inside[0] -= name in _named("t")
        if name in _named("p"):
            found.append("\n")
        if sum(map(len, found)) > limit:
            raise _Enough

    def heard(words: str) -> None:
        if inside[0]:
            found.append(words)

    def declared(*_: object) -> None:
        raise refusal("media_markup_bomb")  # Office writes none; they are there to be expanded without end

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = started, ended, heard
    parser.StartDoctypeDeclHandler = declared
    return parser


def _named(tag: str) -> tuple[str, str]:
    return f"{_W} {tag}", f"{_STRICT_W} {tag}"


def _main_part(archive: zipfile.ZipFile) -> str:
    for name in ("word/document.xml", "word/document2.xml"):
        if name in archive.NameToInfo:
            return name
    raise refusal("media_damaged", what="the document has no text part")


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MAX_PART_BYTES:
        raise refusal("media_damaged", what="a part of the document is larger than any real one")
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        raise refusal("media_damaged", what="a part of the document cannot be unpacked") from None
