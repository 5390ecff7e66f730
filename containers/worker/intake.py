"""From what the page saw to what the log says: messages that came in or left elsewhere, acknowledgements, presence.

A message is filed once, by WhatsApp's id and the contact that chose it (R-RT-3), however often the page tells of it.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal

from containers.worker.amendments import Amendments
from containers.worker.answers import Answers
from containers.worker.consent_words import ConsentWords
from containers.worker.naming import Person
from containers.worker.observations import (
    AckSeen,
    MessageSeen,
    PageObservation,
    PresenceSeen,
    TypingSeen,
)
from containers.worker.observed_changes import ChangeSeen, ReadSeen
from containers.worker.patience import patiently
from containers.worker.people import People
from containers.worker.recorder import Recorder
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.domain.event import Draft
from waypost.domain.ids import make_id
from waypost.domain.message import Message, Status, status_of_ack
from waypost.entities.chat import active_write, note_inbound, note_read
from waypost.entities.message import find_by_reference, in_reference, new_message_write, out_reference, reference_write
from waypost.entities.session import Session
from waypost.services.journal import Entry
from waypost.services.sending import CONTENT

_NEWS = frozenset({"message_received", "message_sent"})
# WhatsApp's names of what a message can be, in ours; what is not here keeps its own name.
_KINDS = {"chat": "text", "ptt": "voice", "ptv": "video_note", "vcard": "contact", "multi_vcard": "contact"}


class Intake:
    """Files what one session's page saw."""

    def __init__(
        self,
        app: App,
        session: Session,
        *,
        recorder: Recorder,
        steps: Steps,
        people: People,
        amendments: Amendments,
        answers: Answers,
        stopped: Callable[[], None] = lambda: None,
    ) -> None:
        """`stopped` is called for each person who says stop."""
        self._app = app
        self._session = session
        self._recorder = recorder
        self._steps = steps
        self._people = people
        self._amendments = amendments
        self._answers = answers
        self._words = ConsentWords(app, session, people, stopped)

    async def file(self, observations: Sequence[PageObservation], *, backfilled: bool = False) -> None:
        """Returns when all of it is stored. Raises Fenced. What the log has already is passed over."""
        await self._words.hear(observations, backfilled=backfilled)
        entries = await patiently(self._entries, observations, backfilled)
        acks = [ack for ack in observations if isinstance(ack, AckSeen)]
        await asyncio.gather(self._recorder.record_all(entries), self._acknowledge_all(acks))
        for seen in observations:
            # After the messages that they may be about.
            if isinstance(seen, ChangeSeen):
                await self._amendments.file(seen)
        await self._answers.hear(entries)
        await patiently(self._note_chats, entries, observations)
        for contact in sorted(_written_in(entries)):
            await self._steps.contacts.note(self._session.tenant, self._session.id, contact)

    async def file_recent(self, recent: Sequence[MessageSeen], *, since_ms: int) -> None:
        """After a gap: file what the page holds and the log does not, oldest first, and what became of our messages.
        What is older than the link is history."""
        news = [seen for seen in recent if seen.t is not None and (seen.t + 1) * 1000 >= since_ms]
        await self.file(news, backfilled=True)
        await self.note_changes(news)

    async def note_changes(self, news: Sequence[MessageSeen]) -> None:
        """What became of messages that are filed, as their present state tells."""
        for seen in news:
            if seen.key.from_me and seen.ack is not None and seen.ack > 0:
                await self._acknowledge(seen.key.id, (seen.ack,))
            await self._amendments.file_missed(seen)

    def _note_chats(self, entries: Sequence[Entry], observations: Sequence[PageObservation]) -> None:
        """Which chats were active and which were read. Beside the log's transactions, not in them: a burst of one
        chat would need a transaction a message, and what is lost here the chat's next message mends."""
        now_ms = self._app.now_ms()
        for contact in _written_in(entries):
            self._app.table.update(active_write(self._session.id, contact, now_ms))
        for entry in entries:
            for draft in entry.drafts:
                if draft.type == "message_received" and draft.contact:
                    note_inbound(self._app.table, self._session.id, draft.contact, draft.data["received_at_ms"])
        for seen in observations:
            read = self._people.contact(seen.chat, seen.person) if isinstance(seen, ReadSeen) else None
            if read is not None:
                note_read(self._app.table, self._session.id, read, now_ms)

    def _entries(self, observations: Sequence[PageObservation], backfilled: bool) -> list[Entry]:
        entries: list[Entry | None] = []
        for seen in observations:
            match seen:
                case MessageSeen():
                    entries.append(self._message(seen, backfilled))
                case TypingSeen():
                    by = None if seen.participant is None else self._people.contact(seen.participant, None)
                    view = None if by is None else self._app.contacts.view(self._session.tenant, by)
                    data = {"state": seen.state, "by": view}
                    entries.append(self._presence("typing_indicator", seen.chat, seen.person, data))
                case PresenceSeen():
                    state = "available" if seen.online else "unavailable"
                    entries.append(self._presence("contact_status", seen.chat, seen.person, {"state": state}))
                case _:
                    pass
        return [entry for entry in entries if entry is not None]

    def _message(self, seen: MessageSeen, backfilled: bool) -> Entry | None:
        app, session = self._app, self._session
        now_ms = app.now_ms()
        group = seen.chat is None
        contact = self._people.contact(seen.key.chat, seen.chat, None if group or seen.key.from_me else seen.name)
        if contact is None:
            return None
        author = contact
        if group and seen.author is not None:
            author = self._people.contact("", seen.author, seen.name) or author
        out = seen.key.from_me
        reference = out_reference(seen.key.id) if out else in_reference(author, seen.key.id)
        if find_by_reference(app.table, session.id, reference) is not None:
            return None
        message_id = make_id("msg", os.urandom(16))
        status: Status = (status_of_ack(seen.ack or 1) or "sent") if out else "received"
        content: dict[str, Any] = {"text": seen.body, "hex": seen.key.id, "key": str(seen.key)}
        if seen.mentions:
            content["mentions"] = [person.pn or person.lid for person in seen.mentions]
        message = Message(
            id=message_id,
            tenant=session.tenant,
            session=session.id,
            contact=contact,
            direction="out" if out else "in",
            status=status,
            created_ms=seen.t * 1000 if seen.t else now_ms,
            content=app.seals.seal_json(session.tenant, contact, f"{CONTENT}#{message_id}", content),
            kind=_KINDS.get(seen.type, seen.type),
            source="phone" if out else "page",
            author=author if group else None,
            reply_to=self._quoted(seen, author),
            backfilled=backfilled,
            edited_ms=now_ms if seen.edit_id else 0,
            revoked_ms=now_ms if seen.type == "revoked" else 0,
            times={status: now_ms},
        )
        return Entry(
            (self._draft(message, seen, author, now_ms),),
            (new_message_write(message), reference_write(session.id, reference, message_id)),
        )

    def _draft(self, message: Message, seen: MessageSeen, author: str, now_ms: int) -> Draft:
        contacts = self._app.contacts
        data: dict[str, Any] = {
            "message_id": message.id,
            "chat": contacts.view(message.tenant, message.contact),
            "type": message.kind,
            "text": seen.body,
            "reply_to": message.reply_to,
            "whatsapp_id": seen.key.id,
            "backfilled": message.backfilled,
            "mentions": [person.pn or person.lid for person in seen.mentions],
        }
        if message.direction == "out":
            data |= {"status": message.status, "source": "phone"}
            return Draft("message_sent", now_ms, data, contact=message.contact, message=message.id)
        data |= {"from": contacts.view(message.tenant, author), "received_at_ms": message.created_ms}
        return Draft("message_received", now_ms, data, contact=message.contact, message=message.id)

    def _quoted(self, seen: MessageSeen, author: str) -> str | None:
        """The message that this one answers, when we have it: one of ours, or one of the same contact."""
        if seen.quoted_id is None:
            return None
        for reference in (out_reference(seen.quoted_id), in_reference(author, seen.quoted_id)):
            found = find_by_reference(self._app.table, self._session.id, reference)
            if found is not None:
                return found
        return None

    def _presence(
        self,
        kind: Literal["typing_indicator", "contact_status"],
        chat: str,
        person: Person | None,
        data: dict[str, Any],
    ) -> Entry | None:
        now_ms = self._app.now_ms()
        contact = self._people.contact(chat, person)
        if contact is None:
            return None
        view = self._app.contacts.view(self._session.tenant, contact)
        return Entry((Draft(kind, now_ms, {"chat": view, **data}, contact=contact),))

    async def _acknowledge_all(self, acks: Sequence[AckSeen]) -> None:
        """Those of one message in the order that they came, so that none is overtaken; messages side by side."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for seen in acks:
            for hex_id in seen.ids:
                numbers[hex_id].append(seen.ack)
        await asyncio.gather(*(self._acknowledge(hex_id, told) for hex_id, told in numbers.items()))

    async def _acknowledge(self, hex_id: str, told: Sequence[int]) -> None:
        statuses = [status for ack in told if (status := status_of_ack(ack)) is not None]
        message_id = await patiently(find_by_reference, self._app.table, self._session.id, out_reference(hex_id))
        if message_id is None:
            return
        for status in statuses:
            if status == "failed":
                self._steps.refused(message_id)  # the sender decides what that means: it may try again
            else:
                await self._steps.advance(message_id, status, time_ms=self._app.now_ms())


def _written_in(entries: Sequence[Entry]) -> set[str]:
    """The contacts in whose chats something was written."""
    return {draft.contact for entry in entries for draft in entry.drafts if draft.type in _NEWS and draft.contact}
