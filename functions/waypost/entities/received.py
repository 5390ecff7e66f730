"""A file that came in with a message. What is known of it, and the key of its bytes, is sealed under its sender's key.

pk MED#{media}   sk IN     while it is pending in index by_owner as `{session}#media`, by when it is to be asked for
"""

from dataclasses import dataclass
from typing import cast

from waypost.domain.received import ReceivedState
from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Put, Table, Update, When


@dataclass(frozen=True, slots=True)
class Received:
    """`contact` is whose chat it came in, `subject` whose key seals it: its sender's. `facts` is a sealed JSON object;
    `code` says why it failed. It is asked for again from `next_ms` on."""

    id: str
    tenant: str
    session: str
    contact: str
    subject: str
    message: str
    created_ms: int
    expires_ms: int
    facts: bytes
    state: ReceivedState = "pending"
    code: str | None = None
    attempts: int = 0
    next_ms: int = 0


def new_received_write(received: Received) -> Put:
    return Put(_to_item(received), When.all(Clause("is new", "pk", "absent")))


def get_received(table: Table, media: str, now_ms: int) -> Received | None:
    """None, too, when its time is over."""
    item = table.get(_key(media))
    received = None if item is None else _from_item(item)
    return None if received is None or received.expires_ms <= now_ms else received


def pending_of(table: Table, session: str, until_ms: int, *, limit: int = 100) -> list[str]:
    """The files of a session that are to be asked for until then, the most urgent first. From an index: it may lag."""
    page = table.query(_open(session), index="by_owner", between=("0", f"{until_ms:013d}~"), limit=limit)
    return [text(item, "id") for item in page.items]


def settled_write(received: Received, state: ReceivedState, *, facts: bytes, code: str | None) -> Update:
    """The write that ends the waiting; its condition fails where that was done before."""
    return Update(
        _key(received.id),
        set={"state": state, "facts": facts, "code": code},
        remove=("owner_pk", "owner_sk"),
        when=When.all(Clause("is waited for", "state", "eq", "pending")),
    )


def put_off_received(table: Table, received: Received, next_ms: int, code: str, *, tried: bool) -> None:
    """The next try is due then; `tried`: one failed, and counts. Does nothing once it is settled."""
    try:
        table.update(
            Update(
                _key(received.id),
                set={"next_ms": next_ms, "code": code, "owner_sk": _due(next_ms, received.id)},
                add={"attempts": 1 if tried else 0},
                when=When.all(Clause("is waited for", "state", "eq", "pending")),
            )
        )
    except ConditionFailed:
        return


def again_write(received: Received, now_ms: int) -> Update:
    """The write that begins anew with a file that failed."""
    return Update(
        _key(received.id),
        set={
            "state": "pending", "attempts": 0, "next_ms": now_ms, "code": None,
            "owner_pk": _open(received.session), "owner_sk": _due(now_ms, received.id),
        },
        when=When.all(Clause("has failed", "state", "eq", "failed")),
    )  # fmt: skip


def forgotten_write(received: Received, code: str) -> Update:
    """The write that ends it for good, whatever its state."""
    return Update(
        _key(received.id),
        set={"state": "failed", "code": code},
        remove=("owner_pk", "owner_sk"),
        when=When.all(Clause("is there", "pk", "exists")),
    )


def _key(media: str) -> Key:
    return Key(f"MED#{media}", "IN")


def _open(session: str) -> str:
    return f"{session}#media"


def _due(next_ms: int, media: str) -> str:
    return f"{next_ms:013d}#{media}"


def _to_item(received: Received) -> Item:
    key = _key(received.id)
    waiting: Item = {"owner_pk": _open(received.session), "owner_sk": _due(received.next_ms, received.id)}
    return {
        "pk": key.pk,
        "sk": key.sk,
        **(waiting if received.state == "pending" else {}),
        "id": received.id,
        "tenant": received.tenant,
        "session": received.session,
        "contact": received.contact,
        "subject": received.subject,
        "message": received.message,
        "created_ms": received.created_ms,
        "expires_ms": received.expires_ms,
        "facts": received.facts,
        "state": received.state,
        "code": received.code,
        "attempts": received.attempts,
        "next_ms": received.next_ms,
        "ttl": received.expires_ms // 1000,
    }


def _from_item(item: Item) -> Received:
    return Received(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        session=text(item, "session"),
        contact=text(item, "contact"),
        subject=text(item, "subject"),
        message=text(item, "message"),
        created_ms=number(item, "created_ms"),
        expires_ms=number(item, "expires_ms"),
        facts=blob(item, "facts"),
        state=cast(ReceivedState, text(item, "state")),
        code=text_or_none(item, "code"),
        attempts=number(item, "attempts"),
        next_ms=number(item, "next_ms"),
    )
