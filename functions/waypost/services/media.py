"""A tenant's files: taken in, kept as ciphertext, handed out. Who prepares them is in `media_preparing`.

    bucket media   source/{media}            as it came; gone once it is settled
                   source/{media}/{number}   the same in parts, for what was uploaded so (media_uploads.py)
                   ready/{media}             made to fit
                   small/{media}             its thumbnail, a JPEG

All are sealed under a key of the file's own, which is sealed with the rest of what is known under the tenant's.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from waypost.domain.media import MAX_SOURCE_BYTES, Kind, Prepared
from waypost.domain.media_refusals import refusal
from waypost.entities.media import Media, get_media, mark_uploaded, put_media
from waypost.errors import Conflict, MediaRefused, NotFound
from waypost.ports import Blobs, Queues, Table
from waypost.services.sealed_streams import new_key, opened, sealed
from waypost.services.sealing import Seals

SOURCE, READY, SMALL = "source", "ready", "small"
PART_BYTES = 4 * 1024 * 1024  # in base64 it fits the 6 MB that Lambda takes
_OPENED_AT_ONCE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender said of the file, and the key of its bytes. `name` is what the receiver is shown. `size` is said
    of what comes in parts, 0 of what comes at once. `url` is where it is to be fetched, and forgotten then."""

    key: bytes
    declared: str = ""
    kind: Kind | None = None
    name: str | None = None
    size: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """Safe to share between threads."""

    table: Table
    blobs: Blobs
    queues: Queues
    seals: Seals
    max_source_bytes: int = MAX_SOURCE_BYTES

    def create(
        self, media_id: str, tenant: str, *, declared: str = "", kind: Kind | None = None, name: str | None = None,
        size: int = 0, url: str = "", now_ms: int,
    ) -> Media:  # fmt: skip
        """A place for a file that comes, or is to be fetched; the same id gives the same place."""
        asked = self.seal_asked(media_id, tenant, Asked(new_key(), declared, kind, name, size, url))
        media = Media(media_id, tenant, now_ms, asked, "fetching" if url else "uploading")
        return media if put_media(self.table, media) else self.find(media_id, tenant)

    def seal_asked(self, media_id: str, tenant: str, asked: Asked) -> bytes:
        said = {**asdict(asked), "key": asked.key.hex()}
        return self.seals.seal_json(tenant, tenant, f"media#{media_id}", said)

    def find(self, media_id: str, tenant: str) -> Media:
        """As `find_media`."""
        return find_media(media_id, tenant=tenant, table=self.table)

    def take_in(self, media: Media, data: bytes) -> None:
        """The file has come: keep it as ciphertext and ask for its preparation. Once it is settled nothing changes.
        Raises MediaRefused when it is larger than any source may be."""
        if len(data) > self.max_source_bytes:
            raise refusal("media_source_too_large", size=len(data), limit=self.max_source_bytes)
        if media.state in ("ready", "refused"):
            return
        self.write(media, SOURCE, data)
        mark_uploaded(self.table, media)
        self.ask_for(media.id)

    def ask_for(self, media_id: str) -> None:
        """Have it prepared. What is settled already stays as it is."""
        self.queues.queue("media").send(json.dumps({"media": media_id}))

    def ask_to_fetch(self, media_id: str, *, delay_seconds: int = 0) -> None:
        self.queues.queue("fetches").send(json.dumps({"media": media_id}), delay_seconds=delay_seconds)

    def asked(self, media: Media) -> Asked:
        return said_of(media, self.seals)

    def without_url(self, media: Media) -> bytes:
        """What was said of it, sealed anew if it held a URL, which nobody needs any more."""
        asked = self.asked(media)
        return self.seal_asked(media.id, media.tenant, replace(asked, url="")) if asked.url else media.asked

    def prepared(self, media: Media) -> Prepared:
        """As `prepared_of`."""
        return prepared_of(media, self.seals)

    def write(self, media: Media, part: str, data: bytes) -> None:
        self.blobs.put(_place(part, media.id), sealed(self.asked(media).key, _purpose(part, media.id), data))

    def read(self, media: Media, part: str) -> Iterator[bytes]:
        """The plain bytes in pieces. Raises NotFound, Tampered."""
        asked = self.asked(media)
        if part == SOURCE and asked.size:
            return self._read_parts(media, asked)
        return self._opened(asked.key, _place(part, media.id), _purpose(part, media.id))

    def write_source_part(self, media: Media, number: int, data: bytes) -> None:
        self.blobs.put(
            part_place(media.id, number), sealed(self.asked(media).key, _part_purpose(media.id, number), data)
        )

    def source_parts(self, media: Media) -> list[str]:
        """The places of those that are here."""
        return self.blobs.list(f"{_place(SOURCE, media.id)}/")

    def forget_source(self, media: Media) -> None:
        self.blobs.delete(_place(SOURCE, media.id))
        for place in self.source_parts(media):
            self.blobs.delete(place)

    def _read_parts(self, media: Media, asked: Asked) -> Iterator[bytes]:
        for number in range(1, parts_of(asked.size) + 1):
            yield from self._opened(asked.key, part_place(media.id, number), _part_purpose(media.id, number))

    def _opened(self, key: bytes, place: str, purpose: str) -> Iterator[bytes]:
        stored = memoryview(self.blobs.get(place))
        arriving = (bytes(stored[at : at + _OPENED_AT_ONCE]) for at in range(0, len(stored), _OPENED_AT_ONCE))
        return opened(key, purpose, arriving)


def find_media(media_id: str, *, tenant: str, table: Table) -> Media:
    """Raises NotFound, also for another tenant's."""
    media = get_media(table, media_id)
    if media is None or media.tenant != tenant:
        raise NotFound(
            "There is no such media.", field="media", mend="Upload it: POST /v1/media.", code="media_not_found"
        )
    return media


def said_of(media: Media, seals: Seals) -> Asked:
    said = seals.open_json(media.tenant, media.tenant, f"media#{media.id}", media.asked)
    return Asked(**{**said, "key": bytes.fromhex(said["key"])})


def prepared_of(media: Media, seals: Seals) -> Prepared:
    """What is sent. Raises Conflict `media_not_ready`, and MediaRefused with why it never will be."""
    if media.state == "refused":
        said = _facts(media, seals)
        raise MediaRefused(said["message"], field="media", mend=said["mend"], code=media.code)
    if media.state != "ready":
        raise Conflict("The file is not ready yet.", mend="Ask again in a moment.", code="media_not_ready")
    return Prepared.from_json(_facts(media, seals))


def _facts(media: Media, seals: Seals) -> dict[str, Any]:
    if media.facts is None:
        return {}
    found: dict[str, Any] = seals.open_json(media.tenant, media.tenant, f"media-facts#{media.id}", media.facts)
    return found


def parts_of(size: int) -> int:
    return -(-size // PART_BYTES)


def part_place(media_id: str, number: int) -> str:
    return f"{_place(SOURCE, media_id)}/{number:04d}"


def _part_purpose(media_id: str, number: int) -> str:
    return f"{_purpose(SOURCE, media_id)}/{number}"


def _place(part: str, media_id: str) -> str:
    return f"{part}/{media_id}"


def _purpose(part: str, media_id: str) -> str:
    return f"media-{part}#{media_id}"
