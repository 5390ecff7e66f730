"""Media files: upload one, see what became of it.

In parts, through this API, in the cloud too: so the bytes are sealed before they are stored anywhere (P6). A pre-signed
upload would put them into the bucket as they are, for whoever may read it there.
"""

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import media_schemas as wire
from api.belongings import own_file, own_media
from api.current import current
from api.media_schemas import MediaId, PartNumber
from api.received_views import received_view
from api.resolver import Router
from api.uploads import part_of
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.entities.media import KEEP_SECONDS, Media
from waypost.entities.received import Received
from waypost.errors import Conflict, MediaRefused
from waypost.services.media import PART_BYTES, parts_of
from waypost.services.media_changes import ask_again
from waypost.services.media_uploads import check_size, complete, keep_part, missing_parts
from waypost.services.media_urls import ask_to_fetch

router = Router()
_TAGS = ["media"]
_ONE = "/v1/media/<media_id>"


@router.post("/v1/media", status_code=201, tags=_TAGS, summary="Begin to upload a file, or have one fetched")
def create(body: wire.NewMedia) -> wire.Media:
    """Says how to send its bytes, or fetches them. When all of it has come it is judged by its content and made to
    fit."""
    app, media_id = bootstrap.app(), current().make_id("med")
    if body.url is not None:
        media = ask_to_fetch(
            body.url, media_id, current().tenant,
            files=app.files, allow_private=app.settings.allow_private_sources,
            declared=body.type, kind=body.kind, name=body.name, now_ms=app.now_ms(),
        )  # fmt: skip
        return _view(media)
    size = body.size or 0
    check_size(size, app.files)
    media = app.files.create(
        media_id, current().tenant,
        declared=body.type, kind=body.kind, name=body.name, size=size, now_ms=app.now_ms(),
    )  # fmt: skip
    return _view(media)


@router.get(_ONE, tags=_TAGS, summary="See what became of a file")
def get(media_id: MediaId) -> wire.Media:
    """One that you have uploaded, or one that came in."""
    found = own_file(media_id)
    return received_view(found, bootstrap.app()) if isinstance(found, Received) else _view(found)


@router.post(f"{_ONE}/retry", tags=_TAGS, summary="Ask again for a file that failed to come in")
def retry(media_id: MediaId) -> wire.Media:
    """It is pending again, and its session asks WhatsApp, which asks the phone. A file that is here stays."""
    app, found = bootstrap.app(), own_file(media_id)
    if not isinstance(found, Received):
        raise Conflict(
            "This file did not come in: it is to be sent.",
            field="media_id", mend="Upload it anew: POST /v1/media.", code="media_is_ours",
        )  # fmt: skip
    ask_again(found, files=app.received, contacts=app.contacts, queues=app.engine.queues, now_ms=app.now_ms())
    return get(media_id)


@router.put(f"{_ONE}/parts/<number>", status_code=204, tags=_TAGS, summary="Send a part of a file")
def put_part(media_id: MediaId, number: PartNumber) -> Response[None]:
    """The bytes themselves, as `application/octet-stream`, in any order. Repeatable."""
    keep_part(own_media(media_id), number, part_of(current().event), files=bootstrap.app().files)
    return Response(204)


@router.post(f"{_ONE}/complete", tags=_TAGS, summary="Say that all parts are sent")
def finish(media_id: MediaId) -> wire.Media:
    """From then on it is prepared; its state tells how far that is."""
    complete(own_media(media_id), files=bootstrap.app().files)
    return _view(own_media(media_id))


def _view(media: Media) -> wire.Media:
    files = bootstrap.app().files
    asked = files.asked(media)
    return wire.Media(
        id=media.id,
        direction="out",
        state=media.state,
        name=asked.name,
        size=asked.size,
        progress=media.progress,
        upload=_upload(media, asked.size) if media.state == "uploading" else None,
        prepared=_facts(media) if media.state == "ready" else None,
        received=None,
        refusal=_refusal(media) if media.state == "refused" else None,
        created_at=rfc3339(media.created_ms),
        expires_at=rfc3339(media.created_ms + KEEP_SECONDS * 1000),
    )


def _upload(media: Media, size: int) -> wire.Upload:
    missing = missing_parts(media, files=bootstrap.app().files)
    return wire.Upload(part_bytes=PART_BYTES, parts=parts_of(size), missing=missing)


def _facts(media: Media) -> wire.MediaFacts:
    found = bootstrap.app().files.prepared(media)
    return wire.MediaFacts(
        kind=found.kind,
        type=found.mime,
        size=found.size,
        sha256=found.sha256,
        untouched=found.untouched,
        width=found.width,
        height=found.height,
        duration_ms=found.duration_ms,
        pages=found.pages,
        has_thumbnail=found.has_thumbnail,
        notes=[wire.MediaNote(code=note.code, words=note.words) for note in found.notes],
    )


def _refusal(media: Media) -> wire.MediaRefusal | None:
    try:
        bootstrap.app().files.prepared(media)
    except MediaRefused as refused:
        return wire.MediaRefusal(code=refused.code, message=refused.message, mend=refused.mend)
    return None
