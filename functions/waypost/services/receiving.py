"""Files that came in: told of, kept as ciphertext, handed out in ranges. Who loads them is the worker (`downloads.py`).

    bucket media   received/{media}/{number}   its parts, 4 MiB each, in order
                   received/{media}/small      its thumbnail, a JPEG

Each part is a sealed stream of its own, so that a range of the file is read without the rest. All are sealed under a
key of the file's own, which is sealed with what is known of it under the key of its sender (decision 13).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.domain.received import PART_BYTES, FileFacts, parts_of
from waypost.entities.received import Received, forgotten_write, get_received, new_received_write
from waypost.errors import Conflict, NotFound
from waypost.ports import Blobs, Put, Table
from waypost.services.sealed_streams import new_key, opened, sealed
from waypost.services.sealing import Seals

THUMBNAIL = "small"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file comes from: whose message brought it, and that message's key in WhatsApp."""

    tenant: str
    session: str
    contact: str
    subject: str
    message: str
    key: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is sealed with a file: its own key, the key of its message in WhatsApp, its facts."""

    secret: bytes
    key: str
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class ReceivedFiles:
    """Safe to share between threads."""

    table: Table
    blobs: Blobs
    seals: Seals
    keep_seconds: float

    def begin(
        self, media_id: str, source: Source, facts: FileFacts, now_ms: int, *, code: str | None = None
    ) -> tuple[Received, Put]:
        """A file that is to be loaded, and the write that makes it. `code`: why it never will be."""
        known = Known(new_key(), source.key, facts)
        received = Received(
            id=media_id,
            tenant=source.tenant,
            session=source.session,
            contact=source.contact,
            subject=source.subject,
            message=source.message,
            created_ms=now_ms,
            expires_ms=now_ms + round(self.keep_seconds * 1000),
            facts=self._sealed(media_id, source.tenant, source.subject, known),
            state="failed" if code else "pending",
            code=code,
            next_ms=now_ms,
        )
        return received, new_received_write(received)

    def find(self, media_id: str, tenant: str, now_ms: int) -> Received:
        """Raises NotFound, also for another tenant's and for what was kept for its time."""
        received = get_received(self.table, media_id, now_ms)
        if received is None or received.tenant != tenant:
            raise NotFound("There is no such media.", field="media", code="media_not_found")
        return received

    def known(self, received: Received) -> Known:
        """Raises Tampered, `key_erased` when its sender was erased."""
        said = self.seals.open_json(received.tenant, received.subject, _purpose(received.id), received.facts)
        return Known(bytes.fromhex(said["secret"]), said["key"], FileFacts.from_json(said["facts"]))

    def with_facts(self, received: Received, facts: FileFacts) -> bytes:
        """What is known, sealed anew with these facts."""
        known = self.known(received)
        return self._sealed(received.id, received.tenant, received.subject, Known(known.secret, known.key, facts))

    def keep(self, received: Received, name: str, part: bytes) -> None:
        """Store a part that is sealed already. Repeatable."""
        self.blobs.put(_place(received.id, name), part)

    def kept(self, received: Received, name: str) -> bytes:
        """A part as it is stored, sealed. Raises NotFound."""
        return self.blobs.get(_place(received.id, name))

    def read(self, received: Received, first: int, last: int) -> Iterator[bytes]:
        """The plain bytes from `first` to `last`, both included. Raises Conflict `media_not_ready`, NotFound,
        Tampered."""
        if received.state != "ready":
            raise Conflict("The file is not here yet.", mend="Wait until its state is ready.", code="media_not_ready")
        secret = self.known(received).secret
        for number in range(first // PART_BYTES + 1, last // PART_BYTES + 2):
            begin = (number - 1) * PART_BYTES
            yield self._opened(received, secret, name_of(number))[max(0, first - begin) : last - begin + 1]

    def thumbnail(self, received: Received) -> bytes:
        """A JPEG. Raises NotFound when WhatsApp sent none along."""
        known = self.known(received)
        if not known.facts.has_thumbnail:
            raise NotFound("The file has no thumbnail.", field="media", code="thumbnail_not_found")
        return self._opened(received, known.secret, THUMBNAIL)

    def forget(self, received: Received) -> None:
        """Delete its bytes. Harmless when there are none."""
        for place in self.blobs.list(f"received/{received.id}/"):
            self.blobs.delete(place)

    def take_back(self, media_id: str, now_ms: int) -> None:
        """Its message was revoked. Does nothing for a file of our own."""
        received = get_received(self.table, media_id, now_ms)
        if received is not None:
            self.table.update(forgotten_write(received, "media_revoked"))
            self.forget(received)

    def _opened(self, received: Received, secret: bytes, name: str) -> bytes:
        return opened_part(secret, received.id, name, self.kept(received, name))

    def _sealed(self, media_id: str, tenant: str, subject: str, known: Known) -> bytes:
        plain = {"secret": known.secret.hex(), "key": known.key, "facts": known.facts.as_json()}
        return self.seals.seal_json(tenant, subject, _purpose(media_id), plain)


def name_of(number: int) -> str:
    """Of a part, counted from 1."""
    return f"{number:04d}"


def names_of(size: int) -> list[str]:
    """The names of the parts of a file of so many bytes."""
    return [name_of(number) for number in range(1, parts_of(size) + 1)]


def sealed_part(secret: bytes, media_id: str, name: str, plain: bytes) -> bytes:
    return sealed(secret, _part_purpose(media_id, name), plain)


def opened_part(secret: bytes, media_id: str, name: str, part: bytes) -> bytes:
    """Raises Tampered when it is not what was sealed under this name."""
    return b"".join(opened(secret, _part_purpose(media_id, name), [part]))


def _part_purpose(media_id: str, name: str) -> str:
    return f"received#{media_id}/{name}"


def _place(media_id: str, name: str) -> str:
    return f"received/{media_id}/{name}"


def _purpose(media_id: str) -> str:
    return f"received#{media_id}"
