"""What a linked device may say once it is logged in, and what the network answers.

| stanza   | answer              | refused when                                                  |
|----------|---------------------|---------------------------------------------------------------|
| send     | ack (t) or error    | bad id, unknown number, too long, counter used before, unfit  |
|          |                     | files and contents (contents.py, media_checks.py)             |
| retry    | retry-ok (session)  |                                                               |
| ack      |                     |                                                               |
| read     | read-ok             |                                                               |
| chatstate, presence |          |                                                               |
| iq       | iq-result           | see questions.py                                              |
| media-retry | media-retry-done |                                                               |
"""

from collections.abc import Callable

from containers.simulator import (
    accounts,
    contents,
    groups,
    inbox,
    media_retries,
    messages,
    permission,
    presence,
    questions,
    receipts,
)
from containers.simulator.connections import Connection, Stanza
from containers.simulator.errors import Conflict, Refused
from containers.simulator.messages import Draft
from containers.simulator.network import Network


def handle(network: Network, connection: Connection, stanza: Stanza) -> None:
    answer = ANSWERS.get(str(stanza.get("type")))
    if answer is None:
        network.journal.refuse("unknown_stanza", type=str(stanza.get("type")))
        return
    answer(network, connection, stanza)


def _send(network: Network, connection: Connection, stanza: Stanza) -> None:
    if accounts.get(network, connection.number or "").faults.silent:
        return
    echo = {"id": str(stanza.get("id")), "to": str(stanza.get("to"))}
    try:
        draft = _draft(network, connection, stanza)
        _use_counter(network, connection, stanza)
        messages.accept(network, draft, lambda t: connection.send({"type": "ack", **echo, "t": t}))
    except Refused as no:
        network.journal.refuse(no.reason, device=connection.device, id=echo["id"])
        why = {"error": no.reason, "message": no.message, "code": no.code, "until": no.until}
        connection.send({"type": "ack", **echo, **why})


def _draft(network: Network, connection: Connection, stanza: Stanza) -> Draft:
    sender = connection.number or ""
    quoted = stanza.get("quoted_id")
    content = stanza.get("content") or {}
    draft = Draft(
        sender=sender,
        to=chat_of(network, sender, str(stanza.get("to"))),
        id=str(stanza.get("id")),
        text=str(stanza.get("text") or ""),
        quoted_id=str(quoted) if quoted else None,
        via=f"device:{connection.device}",
        mentions=tuple(accounts.by_jid(network, str(jid)).number for jid in stanza.get("mentions") or []),
        content=contents.checked(network, content) if content else {},
    )
    messages.check(draft)
    permission.check(network, draft.sender, draft.to)
    return draft


def chat_of(network: Network, number: str, jid: str) -> str:
    """A group's id as it is, a person's as the number."""
    return jid if groups.is_group(jid) else accounts.addressed(network, number, jid).number


def _use_counter(network: Network, connection: Connection, stanza: Stanza) -> None:
    """A message key may be used once: receivers cannot read a counter they have seen before.

    A device whose counter fell back (an old copy of its profile) must exchange a retry receipt first,
    which starts a new session.
    """
    fresh = network.store.run(
        "update devices set counter = ? where id = ? and session = ? and counter < ?",
        int(stanza.get("counter", 0)),
        connection.device,
        int(stanza.get("session", 0)),
        int(stanza.get("counter", 0)),
    )
    if not fresh:
        raise Conflict("counter_reused", "this message counter was used before, exchange a retry receipt")


def _retry(network: Network, connection: Connection, _stanza: Stanza) -> None:
    row = network.store.one(
        "update devices set session = session + 1, counter = 0 where id = ? returning session",
        connection.device,
    )
    if row:
        network.journal.note("retry_receipt", device=connection.device, session=row["session"])
        connection.send({"type": "retry-ok", "session": row["session"]})


def _ack(network: Network, connection: Connection, stanza: Stanza) -> None:
    taken = inbox.acknowledge(network, connection, int(stanza.get("position", 0)))
    if taken and taken["kind"] == "message" and not taken["from_me"]:
        number, group = connection.number or "", taken.get("group")
        author = accounts.by_jid(network, f"{(taken.get('author') or taken['peer'])['lid']}@lid").number
        receipts.device_received(network, (author, group or number, taken["id"]), number)


def _read(network: Network, connection: Connection, stanza: Stanza) -> None:
    number = connection.number or ""
    ids = [str(i) for i in stanza.get("ids", [])]
    chat = chat_of(network, number, str(stanza.get("to")))
    receipts.read_chat(network, number, chat, ids, via=connection.device or "")
    connection.send({"type": "read-ok", "to": stanza.get("to"), "ids": ids})


def _chatstate(network: Network, connection: Connection, stanza: Stanza) -> None:
    number = connection.number or ""
    chat = chat_of(network, number, str(stanza.get("to")))
    presence.typing(network, number, chat, str(stanza.get("state")), f"device:{connection.device}")


def _presence(network: Network, connection: Connection, stanza: Stanza) -> None:
    connection.available = bool(stanza.get("available"))
    presence.tell(network, connection.number or "")


ANSWERS: dict[str, Callable[[Network, Connection, Stanza], None]] = {
    "send": _send,
    "retry": _retry,
    "ack": _ack,
    "read": _read,
    "chatstate": _chatstate,
    "presence": _presence,
    "iq": questions.answer,
    "media-retry": media_retries.ask,
}
