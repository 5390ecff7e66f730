"""Telling that a message's file changed: it is here, it failed, it is asked for again. A `message_status_update` with
the `change` `media`; the message itself stays what it was."""

from waypost.domain.event import Draft
from waypost.domain.message import Message
from waypost.domain.received import FINAL, FileFacts, ReceivedState, told
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.received import Received, again_write, settled_write
from waypost.errors import Conflict, NotFound
from waypost.ports import Queues, Update
from waypost.services.contacts import Contacts
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.receiving import ReceivedFiles


def settled(
    received: Received, state: ReceivedState, facts: FileFacts, code: str | None, *,
    files: ReceivedFiles, contacts: Contacts, now_ms: int,
) -> Entry:  # fmt: skip
    """Its end, and the event that tells of it. Refused when it was settled before."""
    write = settled_write(received, state, facts=files.with_facts(received, facts), code=code)
    return _entry(received, state, facts, code, write, files=files, contacts=contacts, now_ms=now_ms)


def ask_again(received: Received, *, files: ReceivedFiles, contacts: Contacts, queues: Queues, now_ms: int) -> None:
    """Begin anew with a file that failed; one that is here, or waited for, stays as it is. The worker that has the
    session looks every few seconds. Raises Conflict `media_failed_for_good`."""
    if received.state != "failed":
        return
    if received.code in FINAL and received.code != "media_received_too_large":
        raise Conflict(
            "The file cannot be loaded, however often it is asked for.",
            field="media_id", mend="Its `failure` says why.", code="media_failed_for_good",
        )  # fmt: skip
    facts = files.known(received).facts
    entry = _entry(
        received, "pending", facts, None, again_write(received, now_ms), files=files, contacts=contacts, now_ms=now_ms
    )
    head = get_head(files.table, received.session)
    if head is None:
        raise NotFound("There is no such session.", code="session_not_found")
    done = append([entry], head=head, table=files.table, seals=files.seals, epoch=None)
    if not done.refused:
        nudge_consumers(received.session, done.head.number, queues=queues)


def _entry(
    received: Received, state: ReceivedState, facts: FileFacts, code: str | None, write: Update, *,
    files: ReceivedFiles, contacts: Contacts, now_ms: int,
) -> Entry:  # fmt: skip
    message = get_message(files.table, received.message)
    if message is None:
        return Entry((), (write,))
    return Entry((_draft(message, received, state, facts, code, contacts, now_ms),), (write,))


def _draft(
    message: Message, received: Received, state: ReceivedState, facts: FileFacts, code: str | None,
    contacts: Contacts, now_ms: int,
) -> Draft:  # fmt: skip
    data = {
        "message_id": message.id,
        "chat": contacts.view(message.tenant, message.contact),
        "change": "media",
        "status": message.status,
        "previous": message.status,
        "reason": None,
        "media": told(received.id, state, facts, code),
    }
    return Draft("message_status_update", now_ms, data, contact=message.contact, message=message.id)
