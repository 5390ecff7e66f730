"""A file of the drop becomes a message, once, however often and in whatever order it is told of.

What is told is a place, and only a hint: what lies there now, and which version of it, decides. Its message's id is
derived from both, so who comes second finds the message of who came first. What is wrong with a file moves it away
(drop_rejecting.py); what becomes of its message is looked after (drop_following.py).
"""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from waypost.domain.addresses import Address, parse_address
from waypost.domain.contents import UNDECIDED
from waypost.domain.drop_notes import Note, note_in, read_note
from waypost.domain.drops import KEPT_MS, NOTE_WAIT_MS, Place, is_never_sent, note_of, noted_file, read_place
from waypost.domain.ids import is_id, make_id
from waypost.domain.media_names import plain_name
from waypost.domain.media_refusals import refusal
from waypost.domain.message import Message
from waypost.domain.wanted import Wanted
from waypost.entities.contact import get_contact
from waypost.entities.drop import Drop, get_drop, note_told, put_drop
from waypost.entities.media import Media, mark_uploaded
from waypost.entities.message import get_message
from waypost.entities.session import Session, get_session
from waypost.errors import ConditionFailed, NotFound, RateLimited, StorageError, ValidationError, WaypostError
from waypost.ports import Dropped, Drops, Keys, Queues, Table
from waypost.services.accepting import accept
from waypost.services.admission import CHECKS, Asked, admit
from waypost.services.backlog import Backlog
from waypost.services.contacts import Contacts
from waypost.services.drop_rejecting import reject
from waypost.services.drop_telling import follow_later, tell
from waypost.services.media import Files
from waypost.services.media_uploads import keep_stream
from waypost.services.sealing import Seals

FIRST_LOOK_SECONDS = 2
LOST_MS = 1_200_000  # who looks after a message comes by every 15 minutes
# A session that is not linked yet, or stopped, keeps what is dropped for it until it runs.
_CHECKS = [check for check in CHECKS if check.name != "linked"]


@dataclass(frozen=True, slots=True)
class DropDesk:
    """What the drop works with. `note_wait_seconds` is how long a file that says nothing waits for a note."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    keys: Keys
    files: Files
    drops: Drops
    backlog: Backlog
    note_wait_seconds: float
    now_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class _Ids:
    drop: str
    message: str
    media: str


class _NotYet(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def take(key: str, desk: DropDesk) -> str:
    """Look at a place of the drop, and do what is to be done there; what was done, in a word for the log. Raises what
    an engine raises: then it is to be told again."""
    if is_never_sent(key):
        return "ignored"
    found = desk.drops.look(key)
    if found is None:
        return "gone"
    noted = noted_file(key)
    try:
        return _take_file(found, desk) if noted is None else _take_note(found, noted, desk)
    except _NotYet as wait:
        tell(key, seals=desk.seals, queues=desk.queues, delay_seconds=max(1, math.ceil(wait.seconds)))
        return "waits"


def _take_note(note: Dropped, noted: str, desk: DropDesk) -> str:
    file = desk.drops.look(noted)
    if file is not None and get_drop(desk.table, _ids(file, desk.keys).drop) is None and not is_never_sent(noted):
        return _take_file(file, desk)
    left = (note.arrived_ms + NOTE_WAIT_MS - desk.now_ms()) / 1000
    if left > 5:  # clocks differ
        raise _NotYet(left)
    alone = ValidationError(
        "There is no file that this is a note about: none came, or it was taken before.",
        field="file",
        mend="Put the file together with its note, the note first. A JSON file itself is sent packed in a zip.",
        code="drop_note_alone",
    )
    return reject(note, None, alone, drops=desk.drops, now_ms=desk.now_ms())


def _take_file(file: Dropped, desk: DropDesk) -> str:
    ids = _ids(file, desk.keys)
    known = get_drop(desk.table, ids.drop)
    if known is not None:
        return _take_up_again(known, desk)
    note = desk.drops.look(note_of(file.key))
    try:
        message = get_message(desk.table, ids.message) or _message(file, note, ids, desk)
    except RateLimited as full:
        if desk.now_ms() - file.arrived_ms > KEPT_MS:
            return reject(file, note, full, drops=desk.drops, now_ms=desk.now_ms())
        raise _NotYet(full.retry_after) from None
    except StorageError:
        raise
    except WaypostError as refused:
        return reject(file, note, refused, drops=desk.drops, now_ms=desk.now_ms())
    _accepted(file, note, ids, message, desk)
    return "accepted"


def _take_up_again(drop: Drop, desk: DropDesk) -> str:
    """It is a message already. Who looked after it may have been lost."""
    if desk.now_ms() - drop.looked_ms > LOST_MS:
        note_told(desk.table, drop, drop.told, desk.now_ms())
        follow_later(drop.id, 0, 1, desk.queues)
    return "known"


def _message(file: Dropped, noted: Dropped | None, ids: _Ids, desk: DropDesk) -> Message:
    place = read_place(file.key)
    session = get_session(desk.table, place.session)
    if session is None:
        raise NotFound(
            "There is no such session.", field="session", mend="List them with GET /v1/sessions.",
            code="session_not_found",
        )  # fmt: skip
    note = _note(file, noted, desk)
    name = plain_name(note.filename or place.name) or "file"
    wanted = note.applied(Wanted(to=_address(place, session, desk), kind=UNDECIDED), ids.media, name)
    _check_size(file, desk.files)
    now = desk.now_ms()
    media = desk.files.create(ids.media, session.tenant, kind=note.kind, name=name, now_ms=now)
    admit(Asked(wanted, session, now, desk.table, desk.seals, desk.contacts, desk.backlog, dry=True), _CHECKS)
    _keep(file, media, desk)
    return accept(
        wanted,
        message_id=ids.message,
        session=session,
        now_ms=now,
        table=desk.table,
        queues=desk.queues,
        seals=desk.seals,
        contacts=desk.contacts,
        backlog=desk.backlog,
        checks=_CHECKS,
    )


def _note(file: Dropped, noted: Dropped | None, desk: DropDesk) -> Note:
    """What the file is sent with. Raises _NotYet while a note may still come."""
    said = note_in(file.metadata)
    if noted is not None:
        return read_note(b"".join(desk.drops.read(noted))).over(said)
    left = desk.note_wait_seconds - (desk.now_ms() - file.arrived_ms) / 1000
    if left > 0 and not said.said:
        raise _NotYet(min(left, desk.note_wait_seconds))
    return said


def _address(place: Place, session: Session, desk: DropDesk) -> Address:
    if not place.chat.startswith("con_"):
        return parse_address(place.chat, field="chat")
    contact = get_contact(desk.table, place.chat) if is_id("con", place.chat) else None
    if contact is None or contact.tenant != session.tenant:
        raise NotFound(
            "There is no such contact.", field="chat", mend="Give the contact_id of a message's chat, or a number.",
            code="contact_not_found",
        )  # fmt: skip
    return parse_address(desk.contacts.addresses(session.tenant, contact.id)[0])


def _check_size(file: Dropped, files: Files) -> None:
    if not file.size:
        raise refusal("media_empty")
    if file.size > files.max_source_bytes:
        raise refusal("media_source_too_large", size=file.size, limit=files.max_source_bytes)


def _keep(file: Dropped, media: Media, desk: DropDesk) -> None:
    """The file's bytes, sealed, and on their way to be prepared."""
    files = desk.files
    if media.state == "uploading":
        asked = keep_stream(media, desk.drops.read(file), files=files)
        mark_uploaded(files.table, media, asked=files.seal_asked(media.id, media.tenant, asked))
    files.ask_for(media.id)


def _accepted(file: Dropped, note: Dropped | None, ids: _Ids, message: Message, desk: DropDesk) -> None:
    """Whoever dies on the way is followed by one who finds the message and does the rest."""
    place = {"key": file.key, "version": file.version}
    sealed = desk.seals.seal_json(message.tenant, message.tenant, f"drop#{ids.drop}", place)
    desk.drops.tag(file.key, tags_of(message))
    if note is not None:
        with suppress(ConditionFailed):  # who was told of the note took it up at the same time, or there is a new one
            desk.drops.delete(note)
    follow_later(ids.drop, 0, FIRST_LOOK_SECONDS, desk.queues)
    now = desk.now_ms()
    put_drop(
        desk.table, Drop(ids.drop, message.tenant, message.id, ids.media, now, sealed, message.status, looked_ms=now)
    )


def tags_of(message: Message) -> dict[str, str]:
    """What a file's owner is told of its message."""
    tags = {"waypost-status": message.status, "waypost-message": message.id}
    return {**tags, "waypost-code": message.reason} if message.reason else tags


def _ids(file: Dropped, keys: Keys) -> _Ids:
    """Of this version at this place: the same however often it is asked."""
    identity = f"{file.key}\0{file.version}".encode(errors="surrogateescape")
    return _Ids(
        make_id("drp", keys.mac("drop", identity)),
        make_id("msg", keys.mac("drop-message", identity)),
        make_id("med", keys.mac("drop-media", identity)),
    )
