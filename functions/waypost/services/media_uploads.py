"""A file that comes in parts, because no request may hold all of it: each is sealed by itself, and none is joined.

Every part but the last has `PART_BYTES`; how many there are follows from the size that was said beforehand.
"""

from collections.abc import Iterable
from dataclasses import replace

from waypost.domain.media_refusals import refusal
from waypost.entities.media import Media, mark_uploaded
from waypost.errors import Conflict, TooLarge, ValidationError
from waypost.services.media import PART_BYTES, Asked, Files, part_place, parts_of


def check_size(size: int, files: Files) -> None:
    """Raises TooLarge before a byte is sent."""
    if size > files.max_source_bytes:
        refused = refusal("media_source_too_large", size=size, limit=files.max_source_bytes)
        raise TooLarge(refused.message, field="size", mend=refused.mend, code=refused.code)


def keep_part(media: Media, number: int, data: bytes, *, files: Files) -> None:
    """Repeatable. Raises Conflict `upload_over`, ValidationError `part_unknown` or `part_size_wrong`."""
    if media.state != "uploading":
        raise Conflict(
            "The upload is over: nothing can be added to it.",
            field="media_id",
            mend="Upload another file: POST /v1/media.",
            code="upload_over",
        )
    asked = files.asked(media)
    parts = parts_of(asked.size)
    if not 1 <= number <= parts:
        raise ValidationError(
            f"The file has the parts 1 to {parts}.", field="number", mend="Count from 1.", code="part_unknown"
        )
    wanted = PART_BYTES if number < parts else asked.size - PART_BYTES * (parts - 1)
    if len(data) != wanted:
        raise ValidationError(
            f"Part {number} has {len(data)} bytes, and is to have {wanted}.",
            field="body",
            mend=f"Cut the file every {PART_BYTES} bytes; the last part has what is left of the size that was said.",
            code="part_size_wrong",
        )
    files.write_source_part(media, number, data)


def keep_stream(media: Media, pieces: Iterable[bytes], *, files: Files) -> Asked:
    """Keep a file whose size is known only when it ends; what is known of it then. Repeatable: the parts of a try that
    broke off are written over, or go with the source."""
    size, number, waiting = 0, 0, bytearray()
    for piece in pieces:
        waiting += piece
        size += len(piece)
        while len(waiting) >= PART_BYTES:
            number += 1
            files.write_source_part(media, number, bytes(waiting[:PART_BYTES]))
            del waiting[:PART_BYTES]
    if waiting:
        files.write_source_part(media, number + 1, bytes(waiting))
    if not size:
        raise refusal("media_empty")
    return replace(files.asked(media), size=size, url="")


def missing_parts(media: Media, *, files: Files) -> list[int]:
    here = set(files.source_parts(media))
    return [
        number for number in range(1, parts_of(files.asked(media).size) + 1) if part_place(media.id, number) not in here
    ]


def complete(media: Media, *, files: Files) -> None:
    """All of it has come: have it prepared. Harmless when that was said before. Raises Conflict `parts_missing`."""
    if media.state in ("ready", "refused"):
        return
    missing = missing_parts(media, files=files) if media.state == "uploading" else []
    if missing:
        raise Conflict(
            f"{len(missing)} of the parts are missing, the first is number {missing[0]}.",
            field="media_id",
            mend="Send them, then ask again.",
            code="parts_missing",
        )
    mark_uploaded(files.table, media)
    files.ask_for(media.id)
