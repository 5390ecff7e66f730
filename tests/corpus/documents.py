"""Documents: pdf, Word in both forms, plain text; written byte by byte, so that a fault can be put where it hurts."""

import hashlib
import struct

from tests.corpus.archives import archive
from tests.corpus.word import word_document

LINES = ("Invoice 2026-117", "Grüße aus Köln, naïve café, Привет", "Total: 1,204.50 EUR", "Thank you for your order.")
_KINDS = "http://schemas.openxmlformats.org/package/2006/content-types"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACRO_MAIN = "application/vnd.ms-word.document.macroEnabled.main+xml"


def pdf(pages: int = 2, *, encrypt: bool = False) -> bytes:
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    for n in range(pages):
        drawing = f"0.8 0.1 0.1 rg 40 700 200 80 re f 0 g BT /F1 36 Tf 60 640 Td (Page {n + 1}) Tj ET".encode()
        objects[4 + 2 * n] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        ).encode()
        objects[5 + 2 * n] = f"<< /Length {len(drawing)} >>\nstream\n".encode() + drawing + b"\nendstream"
    extra = _locked(objects) if encrypt else b""
    return _written(objects, extra)


def _written(objects: dict[int, bytes], extra: bytes) -> bytes:
    made, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number in sorted(objects):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + objects[number] + b"\nendobj\n"
    start, count = len(made), len(objects) + 1
    made += f"xref\n0 {count}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    made += f"trailer\n<< /Size {count} /Root 1 0 R ".encode() + extra + f">>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)


def _locked(objects: dict[int, bytes]) -> bytes:
    """The standard handler's first revision. Neither owner's nor user's password is the empty one."""
    number, identity = max(objects) + 1, hashlib.sha256(b"document").digest()[:16].hex()
    owner, user = hashlib.sha256(b"owner").hexdigest(), hashlib.sha256(b"user").hexdigest()
    objects[number] = f"<< /Filter /Standard /V 1 /R 2 /O <{owner}> /U <{user}> /P -44 >>".encode()
    return f"/Encrypt {number} 0 R /ID [<{identity}> <{identity}>] ".encode()


def docx(paragraphs: tuple[str, ...] = LINES, *, macros: bool = False, prologue: str = "") -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    main = _MACRO_MAIN if macros else _MAIN
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_KINDS}"><Override PartName="/word/document.xml" ContentType="{main}"/>'
        "</Types>",
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{prologue}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>',
    }
    packed = {name: text.encode() for name, text in files.items()}
    if macros:
        packed["word/vbaProject.bin"] = b"\xd0\xcf\x11\xe0" + bytes(60)
    return archive(packed)


def laughing_docx() -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    return docx(("&j;",), prologue=f'<?xml version="1.0"?><!DOCTYPE d [{entities}]>')


def doc(paragraphs: tuple[str, ...] = LINES) -> bytes:
    return word_document("\r".join(paragraphs) + "\r")


def doc_with_macros() -> bytes:
    return word_document("Open me\r", storages=("Macros",))


def locked_docx() -> bytes:
    """Office locks a docx by putting it into a compound file, as one encrypted stream."""
    return word_document("", streams={"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(300)}, is_word=False)


def spreadsheet() -> bytes:
    return word_document("", streams={"Workbook": struct.pack("<HH", 0x0809, 16) + bytes(5000)}, is_word=False)


def text() -> bytes:
    return "\n".join((*LINES, "", *(f"Line {n} of the report" for n in range(200)))).encode()


def docx_without_text() -> bytes:
    kinds = f'<Types xmlns="{_KINDS}"><Override PartName="/word/document.xml" ContentType="{_MAIN}"/></Types>'
    return archive({"[Content_Types].xml": kinds.encode()})
