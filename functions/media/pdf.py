"""PDF files: whole and by themselves, how many pages, and the first one as a picture."""

import re

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from waypost.domain.media_refusals import refusal

_HEAD, _END = b"%PDF-", b"%%EOF"
_MAX_BEHIND = 1024  # readers look for the end mark that far from the end; some writers pad
_WHITE = re.compile(rb"[\s\x00]*")


def check(data: bytes) -> int | None:
    """How many pages; None when a password locks them. Raises MediaRefused."""
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t\x00").startswith(_HEAD):
        raise refusal("media_polyglot", what="before the document there is something that is not part of it")
    at = data.rfind(_END)
    if at < 0:
        raise refusal("media_truncated", what="the document has no end")
    behind = data[at + len(_END) :]
    if len(behind) > _MAX_BEHIND or not _WHITE.fullmatch(behind):
        if b"endobj" in behind or b"stream" in behind:
            raise refusal("media_truncated", what="its last change is cut off")
        raise refusal("media_polyglot", what="behind the document there is something that is not part of it")
    try:
        with pdfium.PdfDocument(data) as document:
            count = len(document)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            return None
        raise refusal("media_damaged", what="the document's parts cannot be found") from None
    if not count:
        raise refusal("media_damaged", what="the document has no pages")
    return count


def first_page(data: bytes, edge: int) -> Image.Image:
    """The first page, its longer side `edge` pixels. Raises MediaRefused."""
    try:
        with pdfium.PdfDocument(data) as document:
            page = document[0]
            scale = edge / max(1.0, *page.get_size())
            drawn: Image.Image = page.render(scale=scale).to_pil()
            return drawn.convert("RGB")
    except pdfium.PdfiumError:
        raise refusal("media_damaged", what="its first page cannot be drawn") from None
