"""Which file a message names: whether it is there, may be sent so, and whether it has to be waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waypost.domain.contents import check_kind, check_sent_as, sendable_as
from waypost.domain.media import ACCEPTED
from waypost.domain.media_names import plain_name
from waypost.domain.media_refusals import refusal
from waypost.entities.media import KEEP_SECONDS, Media, is_settled
from waypost.ports import Table
from waypost.services.media import find_media, prepared_of, said_of
from waypost.services.sealing import Seals


@dataclass(frozen=True, slots=True)
class Choice:
    """`kind` is what it goes as, as far as that is known; `name` is what its sender called it, where that can be
    shown."""

    kind: str
    waits: bool
    name: str | None


def choose(
    media_id: str, content: Mapping[str, Any], *, tenant: str, table: Table, seals: Seals, now_ms: int
) -> Choice:
    """The file with what is said of it in a message's `content`. Raises NotFound, and MediaRefused: it was refused, is
    gone, or does not fit."""
    media = find_media(media_id, tenant=tenant, table=table)
    if is_gone(media, now_ms):
        raise refusal("media_expired")
    said = said_of(media, seals)
    name = plain_name(said.name)
    if is_settled(media):
        return Choice(check_sent_as(content, prepared_of(media, seals).kind), False, name)
    kind = content.get("as") or said.kind
    if said.kind is not None and kind not in sendable_as(said.kind):
        check_sent_as(content, said.kind)
    if kind is not None:
        check_kind(content, str(kind))
    return Choice(str(kind or _likely_kind(said.declared, name)), True, name)


def with_name(content: Mapping[str, Any], media: Media, seals: Seals) -> Mapping[str, Any]:
    """A message's content with its file's name, which is known late of a file that was fetched."""
    name = None if content.get("filename") else plain_name(said_of(media, seals).name)
    return content if name is None else {**content, "filename": name}


def is_gone(media: Media, now_ms: int) -> bool:
    """Whether its time is over; the table may show it for a while yet."""
    return media.created_ms + KEEP_SECONDS * 1000 <= now_ms


def _likely_kind(declared: str, name: str | None) -> str:
    """What a file will probably go as. Only its content tells, and then it is put right."""
    mime = declared.partition(";")[0].strip().lower()
    ending = "." + (name or "").rpartition(".")[2].lower()
    likely = (one.kinds[0] for one in ACCEPTED if one.mime == mime or (not mime and one.extension == ending))
    return next(likely, "document")
