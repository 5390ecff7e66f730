"""From what the page saw to what the log says: messages that came in or left elsewhere, acknowledgements, presence.

A message is filed once, by WhatsApp's id and the contact that chose it (R-RT-3), however often the page tells of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal

from containers.worker.amendments import Amendments
from containers.worker.answers import Answers
from containers.worker.arrivals import Arrivals
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
from containers.worker.observed_content import VoteSeen
from containers.worker.patience import patiently
from containers.worker.people import People
from containers.worker.recorder import Recorder
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.domain.event import Draft
from waypost.domain.message import status_of_ack
from waypost.entities.chat import active_write, note_inbound, note_read
from waypost.entities.message import find_by_reference, out_reference
from waypost.entities.session import Session
from waypost.services.journal import Entry

_NEWS = frozenset({"message_received", "message_sent"})


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
        file_came: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`stopped` is called for each person who says stop; `file_came` is told of each file that can be loaded."""
        self._app = app
        self._session = session
        self._recorder = recorder
        self._steps = steps
        self._people = people
        self._amendments = amendments
        self._answers = answers
        self._words = ConsentWords(app, session, people, stopped)
        self._arrivals = Arrivals(app, session, people)
        self._file_came = file_came

    async def file(self, observations: Sequence[PageObservation], *, backfilled: bool = False) -> None:
        """Returns when all of it is stored. Raises Fenced. What the log has already is passed over."""
        await self._words.hear(observations, backfilled=backfilled)
        entries = await patiently(self._entries, observations, backfilled)
        acks = [ack for ack in observations if isinstance(ack, AckSeen)]
        await asyncio.gather(self._recorder.record_all(entries), self._acknowledge_all(acks))
        for file in _files_in(entries):
            self._file_came(file)
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
                    entries.append(self._arrivals.message(seen, backfilled=backfilled))
                case VoteSeen():
                    entries.append(self._arrivals.vote(seen, backfilled=backfilled))
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


def _files_in(entries: Sequence[Entry]) -> list[str]:
    """The files that are to be loaded."""
    told = (draft.data.get("media") for entry in entries for draft in entry.drafts)
    return [file["id"] for file in told if file is not None and file["state"] == "pending"]
