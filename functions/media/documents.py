"""Documents go as they are; what is made is the preview: the first page of a pdf, or of the text drawn as a page."""

import io
import zipfile

from media import compound, docx, pages, pdf, plain, thumbnails
from media.work import Outcome, Work
from waypost.domain.media import DOCX
from waypost.domain.media_refusals import refusal

_PAGE_EDGE = 960


def as_document(work: Work) -> Outcome:
    size, limit = work.source.stat().st_size, work.ask.max_prepared_bytes
    if size > limit:
        raise refusal("media_too_large", size=size, limit=limit)
    _preview(work)
    return Outcome(work.source, work.judged.type.mime, work.judged.type.extension)


def _preview(work: Work) -> None:
    mime = work.judged.type.mime
    if work.judged.locked:
        work.note("locked")
    elif mime == "application/zip":
        work.note("no_preview")
    elif mime == "application/pdf":
        thumbnails.write(pdf.first_page(work.source.read_bytes(), _PAGE_EDGE), work.thumbnail)
    else:
        thumbnails.write(pages.drawn(_text(work, mime)), work.thumbnail)


def _text(work: Work, mime: str) -> str:
    data = work.source.read_bytes()
    if mime == DOCX:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return docx.text(archive, pages.MAX_CHARACTERS)
    if mime == "application/msword":
        return compound.text(data, pages.MAX_CHARACTERS)
    return plain.decoded(data)[: pages.MAX_CHARACTERS]
