"""Makes a message of what the page saw of one: its kind, all its facts, the file that is to be loaded, its event."""

import os
from typing import Any

from containers.worker.naming import Person
from containers.worker.observations import MessageSeen
from containers.worker.observed_content import FileSeen, VoteSeen
from containers.worker.people import People
from waypost.bootstrap import App
from waypost.domain import received_content as contents
from waypost.domain.content_shown import parts_of
from waypost.domain.event import Draft
from waypost.domain.file_marks import type_of
from waypost.domain.ids import make_id
from waypost.domain.message import Message, Status, status_of_ack
from waypost.domain.received import FileFacts, told
from waypost.entities.message import find_by_reference, in_reference, new_message_write, out_reference, reference_write
from waypost.entities.received import Received
from waypost.entities.session import Session
from waypost.ports import Write
from waypost.services.journal import Entry
from waypost.services.receiving import Source
from waypost.services.sending import CONTENT


class Arrivals:
    """Of one session. Blocking: to be called in a thread."""

    def __init__(self, app: App, session: Session, people: People) -> None:
        self._app = app
        self._session = session
        self._people = people

    def message(self, seen: MessageSeen, *, backfilled: bool) -> Entry | None:
        """None for what is filed already, and for what is in no chat of ours."""
        group = seen.chat is None
        contact = self._people.contact(seen.key.chat, seen.chat, None if group or seen.key.from_me else seen.name)
        if contact is None:
            return None
        author = contact
        if group and seen.author is not None:
            author = self._people.contact("", seen.author, seen.name) or author
        out = seen.key.from_me
        reference = out_reference(seen.key.id) if out else in_reference(author, seen.key.id)
        if self._is_filed(reference):
            return None
        message_id = make_id("msg", os.urandom(16))
        file, writes = self._file(seen, contact, author, message_id)
        content = _content(seen, file)
        now_ms = self._app.now_ms()
        status: Status = (status_of_ack(seen.ack or 1) or "sent") if out else "received"
        message = Message(
            id=message_id,
            tenant=self._session.tenant,
            session=self._session.id,
            contact=contact,
            direction="out" if out else "in",
            status=status,
            created_ms=seen.t * 1000 if seen.t else now_ms,
            content=self._seal(message_id, contact, content),
            kind=_kind(seen),
            source="phone" if out else "page",
            author=author if group else None,
            reply_to=self._quoted(seen, author),
            backfilled=backfilled,
            edited_ms=now_ms if seen.edit_id else 0,
            revoked_ms=now_ms if seen.type == "revoked" else 0,
            times={status: now_ms},
        )
        data = {"whatsapp_id": seen.key.id, "mentions": content.get("mentions", [])}
        return self._entry(message, content, author, data, file, reference, writes)

    def vote(self, seen: VoteSeen, *, backfilled: bool) -> Entry | None:
        """What somebody chose in a poll is a message of its own, each time that he chooses anew. Our own account's
        choices are not told."""
        key = seen.target.key
        contact = self._people.contact(key.chat, seen.target.chat)
        author = self._people.of(seen.by)
        if contact is None or author is None or seen.mine:
            return None
        reference = in_reference(author, f"{key.id}.vote.{seen.t}")
        if self._is_filed(reference):
            return None
        poll = self._people.message(seen.target)
        content = {"text": None, **contents.vote(poll, seen.options)}
        message_id, now_ms = make_id("msg", os.urandom(16)), self._app.now_ms()
        message = Message(
            id=message_id,
            tenant=self._session.tenant,
            session=self._session.id,
            contact=contact,
            direction="in",
            status="received",
            created_ms=seen.t if seen.t > _MILLISECONDS else seen.t * 1000 or now_ms,
            content=self._seal(message_id, contact, content),
            kind="poll_vote",
            source="page",
            author=author if author != contact else None,
            reply_to=poll,
            backfilled=backfilled,
            times={"received": now_ms},
        )
        return self._entry(message, content, author, {"whatsapp_id": None, "mentions": []}, None, reference, ())

    def _file(
        self, seen: MessageSeen, contact: str, author: str, message_id: str
    ) -> tuple[Received | None, tuple[Write, ...]]:
        if seen.file is None:
            return None, ()
        source = Source(self._session.tenant, self._session.id, contact, author, message_id, str(seen.key))
        code = "media_on_phone_only" if seen.file.on_phone_only else None
        received, write = self._app.received.begin(
            make_id("med", os.urandom(16)), source, _facts(seen.file), self._app.now_ms(), code=code
        )
        return received, (write,)

    def _entry(
        self, message: Message, content: dict[str, Any], author: str, data: dict[str, Any], file: Received | None,
        reference: str, writes: tuple[Write, ...],
    ) -> Entry:  # fmt: skip
        view = self._app.contacts.view
        data = {
            "message_id": message.id,
            "chat": view(message.tenant, message.contact),
            "type": message.kind,
            "text": content["text"],
            "reply_to": message.reply_to,
            "backfilled": message.backfilled,
            **data,
            **parts_of(message.kind, content),
        }
        if file is not None:
            data["media"] = told(file.id, file.state, self._app.received.known(file).facts, file.code)
        now_ms = max(message.times.values())
        if message.direction == "out":
            data |= {"status": message.status, "source": "phone"}
            draft = Draft("message_sent", now_ms, data, contact=message.contact, message=message.id)
        else:
            data |= {"from": view(message.tenant, author), "received_at_ms": message.created_ms}
            draft = Draft("message_received", now_ms, data, contact=message.contact, message=message.id)
        filed = reference_write(message.session, reference, message.id)
        return Entry((draft,), (new_message_write(message), filed, *writes))

    def _seal(self, message_id: str, contact: str, content: dict[str, Any]) -> bytes:
        return self._app.seals.seal_json(self._session.tenant, contact, f"{CONTENT}#{message_id}", content)

    def _is_filed(self, reference: str) -> bool:
        return find_by_reference(self._app.table, self._session.id, reference) is not None

    def _quoted(self, seen: MessageSeen, author: str) -> str | None:
        """The message that this one answers, when we have it: one of ours, or one of the same contact."""
        if seen.quoted_id is None:
            return None
        for reference in (out_reference(seen.quoted_id), in_reference(author, seen.quoted_id)):
            found = find_by_reference(self._app.table, self._session.id, reference)
            if found is not None:
                return found
        return None


_MILLISECONDS = 10**11  # a time above is no number of seconds


def _kind(seen: MessageSeen) -> str:
    live = bool((seen.parts.get("place") or {}).get("live"))
    return contents.kind_of(seen.type, gif=seen.file is not None and seen.file.gif, live=live)


def _content(seen: MessageSeen, file: Received | None) -> dict[str, Any]:
    content: dict[str, Any] = {"text": seen.body, "hex": seen.key.id, "key": str(seen.key)}
    if seen.mentions:
        content["mentions"] = [_name(person) for person in seen.mentions]
    if file is not None and seen.file is not None:
        content |= {"text": seen.body or "", "media": file.id}
        content |= {"filename": seen.file.filename} if seen.file.filename else {}
        content |= {"view_once": True} if seen.file.view_once else {}
    return {**content, **contents.content_of(seen.parts)}


def _name(person: Person) -> str | None:
    return person.pn or person.lid


def _facts(file: FileSeen) -> FileFacts:
    """WhatsApp's word, until the file is here."""
    return FileFacts(
        mime=type_of(b"", file.mime), size=file.size, sha256=file.sha256, filename=file.filename, width=file.width,
        height=file.height, duration_ms=file.duration_ms, pages=file.pages, view_once=file.view_once,
    )  # fmt: skip
