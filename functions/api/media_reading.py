"""Reading files: with a key, or by a link that somebody with a key has made. Decrypted on the way out, part by part.

What is stored is ciphertext, so nobody can be sent to the bucket. One answer holds 4 MiB, as much as fits the 6 MB that
Lambda answers; who wants more of a file asks with `Range`, as players and download programs do by themselves.
"""

import base64
import string
from urllib.parse import quote

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import media_schemas as wire
from api.addresses import public_address
from api.belongings import own_file
from api.current import current
from api.media_files import Readable, find_file, readable, thumbnail
from api.media_page import is_opened, page_for, page_of_nothing
from api.media_schemas import LinkToken, MediaId
from api.problems import RangeRefused
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.domain.file_marks import may_be_shown
from waypost.domain.ranges import part_asked
from waypost.domain.received import PART_BYTES
from waypost.errors import NotFound
from waypost.services.media_links import LINK_SECONDS, make_media_link, open_media_link

router = Router()
_TAGS = ["media"]
_ONE = "/v1/media/<media_id>"
MAX_ANSWER_BYTES = PART_BYTES


@router.get(
    f"{_ONE}/content",
    tags=_TAGS,
    summary="Read a file",
    responses={
        200: {
            "description": "All of it.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {
            "description": "A part.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
def content(media_id: MediaId) -> Response[str]:
    """Its bytes. One answer holds 4 MiB: ask for a larger file with `Range`, part by part."""
    app = bootstrap.app()
    return _answer(readable(own_file(media_id), app))


@router.get(
    f"{_ONE}/thumbnail",
    tags=_TAGS,
    summary="Read a file's thumbnail",
    responses={
        200: {
            "description": "A small JPEG.",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def small(media_id: MediaId) -> Response[str]:
    """Of what came in, the one that WhatsApp sent along."""
    return _bytes(200, "image/jpeg", thumbnail(own_file(media_id), bootstrap.app()), _SAFE)


@router.post(f"{_ONE}/link", status_code=201, tags=_TAGS, summary="Make a link to a file")
def link(media_id: MediaId, body: wire.NewMediaLink | None = None) -> wire.MediaLink:
    """For a browser, or whoever has no key: good for this file alone, and for minutes. It cannot be taken back before
    it ends, so give it to nobody who may not read the file."""
    app = bootstrap.app()
    readable(own_file(media_id), app)
    token, expires_ms = make_media_link(
        media_id, keys=app.engine.keys, now_ms=app.now_ms(), seconds=LINK_SECONDS if body is None else body.seconds
    )
    return wire.MediaLink(url=public_address(f"/media/{token}"), expires_at=rfc3339(expires_ms))


@router.get("/media/<token>", include_in_schema=False)
def by_link(token: LinkToken) -> Response[str]:
    asked = current()
    opened = is_opened(asked.header("accept"))
    try:
        file = _linked(token)
    except NotFound:
        if opened:
            return page_of_nothing()
        raise
    if file.size > MAX_ANSWER_BYTES and asked.header("range") is None and opened:
        return page_for(file)
    return _answer(file)


def _linked(token: str) -> Readable:
    """Raises NotFound for a link that is not good any more, or whose file is gone."""
    app = bootstrap.app()
    media_id = open_media_link(token, keys=app.engine.keys, now_ms=app.now_ms())
    return readable(find_file(media_id, app), app)


_SAFE: dict[str, str | list[str]] = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    # Whatever it is, it is shown without rights: no script of it runs, and nothing is loaded by it.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def _answer(file: Readable) -> Response[str]:
    """The part that is asked for. Raises RangeRefused."""
    tag = f'"{file.sha256}"'
    same = current().header("if-range") in (None, tag)
    part = part_asked(current().header("range") if same else None, file.size, MAX_ANSWER_BYTES)
    if part is None:
        raise RangeRefused(
            f"The file has {file.size} bytes, and one answer holds at most {MAX_ANSWER_BYTES}.",
            mend=f"Ask part by part: Range: bytes=0-{MAX_ANSWER_BYTES - 1}, and so on.",
            size=file.size,
        )
    headers: dict[str, str | list[str]] = {
        **_SAFE, "Accept-Ranges": "bytes", "ETag": tag, "Content-Disposition": disposition(file.mime, file.name),
    }  # fmt: skip
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    body = b"".join(file.read(part.first, part.last)) if file.size else b""
    return _bytes(200 if part.whole else 206, file.mime, body, headers)


def _bytes(status: int, mime: str, body: bytes, headers: dict[str, str | list[str]]) -> Response[str]:
    """In base64, as API Gateway takes them."""
    answer: Response[str] = Response(status, mime, base64.b64encode(body).decode(), headers)
    answer.base64_encoded = True
    return answer


_PLAIN = frozenset(string.ascii_letters + string.digits + " .-_()[]")


def disposition(mime: str, name: str | None) -> str:
    """Shown in place only what runs no script; the name in the two forms of RFC 6266."""
    how = "inline" if may_be_shown(mime) else "attachment"
    if not name:
        return how
    plain = "".join(letter if letter in _PLAIN else "_" for letter in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
