"""What becomes of the messages that wait for a file once it is settled: they go on, or fail with why it was refused.

A file stays in the index of open ones until all were woken, so that a crash in between is found by the sweeper.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waypost.domain.contents import check_sent_as
from waypost.domain.failures import failure_of, told_of
from waypost.domain.media import Prepared
from waypost.domain.media_refusals import refusal
from waypost.domain.message import Message
from waypost.entities.head import get_head
from waypost.entities.media import Media, close_media, get_media, is_settled
from waypost.entities.media_wait import forget_wait, list_waits
from waypost.entities.message import get_message
from waypost.errors import MediaRefused, Tampered
from waypost.ports import Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.journal import append
from waypost.services.media import prepared_of
from waypost.services.nudges import nudge_consumers
from waypost.services.sealing import Seals
from waypost.services.sending import CONTENT, wake
from waypost.services.telling import ended_unsent

LOOK_AGAIN_MS = 300_000  # how long a message waits for its file before somebody looks, should nobody wake it


@dataclass(frozen=True, slots=True)
class Waker:
    """What waking needs."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    now_ms: Callable[[], int]

    def wake_all(self, media_id: str) -> int:
        """All that wait for a file, when it is settled or gone; returns how many. Harmless to repeat."""
        media = get_media(self.table, media_id)
        if media is not None and not is_settled(media):
            return 0
        outcome, woken = self._outcome(media), 0
        while waiting := list_waits(self.table, media_id):
            for message_id in waiting:
                message = get_message(self.table, message_id)
                if message is not None and message.status == "accepted":
                    self._settle(message, outcome)
                    woken += 1
                forget_wait(self.table, media_id, message_id)
        close_media(self.table, media_id)
        return woken

    def _outcome(self, media: Media | None) -> Prepared | MediaRefused:
        try:
            return refusal("media_expired") if media is None else prepared_of(media, self.seals)
        except MediaRefused as refused:
            return refused

    def _settle(self, message: Message, outcome: Prepared | MediaRefused) -> None:
        try:
            if isinstance(outcome, MediaRefused):
                raise outcome
            check_sent_as(self._content(message), outcome.kind)
        except MediaRefused as refused:
            self._fail(message, refused)
        except Tampered:
            pass  # its chat's key was erased: whoever waits beside it is not to wait for that
        wake(message, table=self.table, queues=self.queues, now_ms=self.now_ms())

    def _content(self, message: Message) -> Mapping[str, Any]:
        content: dict[str, Any] = self.seals.open_json(
            message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content
        )
        return content

    def _fail(self, message: Message, refused: MediaRefused) -> None:
        """Without its session's owner, who may be away for long."""
        head, now_ms = get_head(self.table, message.session), self.now_ms()
        if head is None:
            return
        failure = told_of(failure_of(refused))
        entry = ended_unsent(message, "failed", refused.code, now_ms, contacts=self.contacts, failure=failure)
        done = append([entry], head=head, table=self.table, seals=self.seals, epoch=None)
        if not done.refused:
            nudge_consumers(message.session, done.head.number, queues=self.queues)
