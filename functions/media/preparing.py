"""From a file to what is sent: judged, then made to fit by whoever knows its kind. Runs inside of the bounds.

image  still → images.as_image     moving → animations.as_film (sent as `gif`)
gif    animations.as_film, or a film without its sound
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from media import animations, documents, images, sounds, videos
from media.decoding import decoding
from media.judging import Judged, judge
from media.work import Outcome, Work
from waypost.domain.media import Ask, Kind, Prepared
from waypost.domain.media_refusals import refusal


def prepare(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
    """What became of it, and where it lies: below `folder`, or the source itself. A thumbnail is in
    `folder/thumbnail.jpg`. Raises MediaRefused."""
    with decoding():
        judged = judge(source, ask)
        kind = _kind(judged, ask)
        work = Work(source, folder, ask, judged, progress)
        outcome = _maker(judged, kind)(work)
    data = outcome.path.read_bytes()
    if len(data) > ask.max_prepared_bytes:
        raise refusal("media_too_large", size=len(data), limit=ask.max_prepared_bytes)
    return _prepared(work, kind, outcome, data), outcome.path


def _kind(judged: Judged, ask: Ask) -> Kind:
    if ask.kind is not None:
        return ask.kind
    return "gif" if judged.moves else judged.type.kinds[0]


def _maker(judged: Judged, kind: Kind) -> Callable[[Work], Outcome]:
    match judged.type.family, kind:
        case "image", "gif":
            if not judged.moves:
                raise refusal("media_kind_unfit", found="a still picture", kind=kind, kinds="image, sticker, document")
            return animations.as_film
        case "image", "image":
            return images.as_image
        case "image", "sticker":
            return images.as_sticker
        case "image", _:
            return images.as_document
        case "video", "document":
            return videos.as_document
        case "video", _:
            return lambda work: videos.as_video(work, silent=kind == "gif")
        case "audio", "voice":
            return sounds.as_voice
        case "audio", "document":
            return sounds.as_document
        case "audio", _:
            return sounds.as_audio
        case _:
            return documents.as_document


def _prepared(work: Work, kind: Kind, outcome: Outcome, data: bytes) -> Prepared:
    return Prepared(
        kind=kind,
        mime=outcome.mime,
        extension=outcome.extension,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        untouched=outcome.path == work.source,
        width=outcome.width,
        height=outcome.height,
        duration_ms=outcome.duration_ms,
        pages=work.judged.pages,
        waveform=outcome.waveform,
        has_thumbnail=work.thumbnail.exists(),
        notes=tuple(work.notes),
    )
