"""Handing a session's profile over from the operator's own machine, where a person finished a login by hand.

    begin      takes the session's lease, so that no worker runs it meanwhile, and gives out a key made for this alone
    keep_part  stores sealed bytes; nobody here opens them
    complete   says that all of it is here, gives the lease up and wants the session to run: a worker takes it over
    abandon    gives everything up

Refused was writing a version of the vault from outside: its objects are sealed and named under keys that last as long
as the session, and those would then lie on a laptop.
"""

from waypost.entities.handover import Handover, complete_handover, get_handover, handover_gone, put_handover
from waypost.entities.head import claim, get_head, release
from waypost.entities.session import Session
from waypost.errors import ConditionFailed, Conflict, ValidationError
from waypost.ports import Blobs, DataKey, Keys, Queues, Table
from waypost.services.sessions import start_session

SECONDS = 20 * 60  # to find the phone and the passkey
PART_BYTES = 180_000  # in base64 it fits a request
MOST_PARTS = 5000


def begin(session: Session, *, table: Table, keys: Keys, now_ms: int) -> tuple[Handover, DataKey]:
    """Raises Conflict `already_linked` or `session_running`."""
    if session.me is not None:
        raise Conflict(
            "The session is linked to an account already.",
            field="session_id",
            mend="Log it out first: POST /v1/sessions/{id}/logout.",
            code="already_linked",
        )
    if session.desired == "running":
        raise _running("It is wanted to run here.")
    expires_ms = now_ms + SECONDS * 1000
    try:
        head = claim(table, session.id, f"operator-{now_ms}", now_ms, expires_ms)
    except ConditionFailed:
        raise _running("A worker has not let go of it yet, or another handover is under way.") from None
    key = keys.generate_data_key(_context(session.tenant, session.id))
    handover = Handover(session.id, head.epoch, key.wrapped, expires_ms)
    put_handover(table, handover)
    return handover, key


def keep_part(session: Session, epoch: int, part: int, data: bytes, *, table: Table, blobs: Blobs, now_ms: int) -> None:
    """Repeatable. Raises Conflict `handover_over`, ValidationError."""
    handover = _open(session, epoch, table, now_ms)
    if not 1 <= part <= MOST_PARTS or len(data) > 2 * PART_BYTES:
        raise ValidationError("This is not a part of a handover.", field="part", code="not_a_part")
    blobs.put(part_key(handover, part), data)


def complete(
    session: Session, epoch: int, parts: int, *, table: Table, queues: Queues, blobs: Blobs, now_ms: int
) -> Session:
    """Raises Conflict `handover_over` or `parts_missing`."""
    handover = _open(session, epoch, table, now_ms)
    here = set(blobs.list(_folder(handover)))
    if not all(part_key(handover, part) in here for part in range(1, parts + 1)):
        raise Conflict("Parts are missing.", field="parts", mend="Send them again.", code="parts_missing")
    complete_handover(table, handover, parts)
    release(table, session.id, epoch)
    return start_session(session, table=table, queues=queues, now_ms=now_ms)


def abandon(session: Session, *, table: Table, blobs: Blobs) -> None:
    """Harmless when there is none."""
    handover = get_handover(table, session.id)
    if handover is not None:
        forget(handover, table=table, blobs=blobs)
        try:
            release(table, session.id, handover.epoch)
        except ConditionFailed:
            return  # a worker has the session: the handover was over


def forget(handover: Handover, *, table: Table, blobs: Blobs) -> None:
    """It was taken over, or nobody wants it."""
    for name in blobs.list(_folder(handover)):
        blobs.delete(name)
    try:
        table.transact([handover_gone(handover)])
    except ConditionFailed:
        return  # another one began meanwhile


def ready_handover(session: str, *, table: Table) -> Handover | None:
    handover = get_handover(table, session)
    return handover if handover is not None and handover.parts else None


def unwrap_key(handover: Handover, tenant: str, *, keys: Keys) -> bytes:
    """Raises Tampered."""
    return keys.unwrap(handover.key, _context(tenant, handover.session))


def part_key(handover: Handover, part: int) -> str:
    return f"{_folder(handover)}{part:05d}"


def _folder(handover: Handover) -> str:
    return f"handover/{handover.session}/{handover.epoch:08d}/"


def _open(session: Session, epoch: int, table: Table, now_ms: int) -> Handover:
    handover, head = get_handover(table, session.id), get_head(table, session.id)
    current = handover is not None and head is not None and handover.epoch == epoch == head.epoch
    if handover is None or not current or handover.parts or handover.expires_ms <= now_ms:
        raise Conflict(
            "This handover is over.", field="session_id", mend="Begin another one: waypost link.", code="handover_over"
        )
    return handover


def _running(why: str) -> Conflict:
    return Conflict(
        f"The session is not free to be handed over. {why}",
        field="session_id",
        mend="Stop it first (POST /v1/sessions/{id}/stop), and ask again when its status is stopped.",
        code="session_running",
    )


def _context(tenant: str, session: str) -> dict[str, str]:
    return {"tenant": tenant, "subject": session, "purpose": "handover"}
