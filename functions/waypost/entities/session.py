"""A session: what was asked for, what it is now, and its QR code.

pk SES#{session}   sk SESSION          the record; in index by_owner as `{tenant}#sessions`
pk SES#{session}   sk QR               the code that is on its screen now, sealed under the session's key
pk SES#{session}   sk CMD#{command}    a command for the owner; gone when it was carried out
"""

from dataclasses import dataclass, field, replace
from typing import Any

from waypost.entities.handover import handover_key
from waypost.entities.link import link_key
from waypost.entities.record import blob, mapping, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Delete, Item, Key, Page, Put, Table, Update, When


@dataclass(frozen=True, slots=True)
class Session:
    """`status` is a state of the worker's state machine (containers/worker/lifecycle.py). `me` is sealed.

    `linked_ms` is when the account was linked: what is older is history, not news. `first_linked_ms` is when it was
    linked for the first time, by which its age is reckoned, and `account` a MAC of who it is. `desired` is what the
    tenant asked for: `running` or `stopped`. `identity` is what is set at every launch (R-SAFE-3), `proxy` its
    sealed way out, `browser` the version of Chromium that the account was linked with or was told to since.
    `health` is the evidence behind the status (domain/health.py). `active_ms` is when the last message came or went,
    written now and then; `wake_ms` is when a sleeping session wakes by itself; until `restricted_until_ms` WhatsApp
    refuses new chats; `relink_warned_ms` is when the end of the link was last warned of. 0: not so.
    `profile` is the current copy of its browser profile (`version`, `taken_ms`, `linked_ms`; empty: none),
    `profile_epoch` the last epoch that started a browser, `restored_from` the copy that this one came from.
    `number` is the health of the number (`score`, `level`, `reasons`, `at_ms`; empty: nothing counted yet).
    `degraded` is what WhatsApp does not do at present, with the code of the last failure (domain/capabilities.py).
    """

    id: str
    tenant: str
    name: str
    created_ms: int
    desired: str = "stopped"
    status: str = "stopped"
    reason: str | None = None
    since_ms: int = 0
    me: bytes | None = None
    linked_ms: int = 0
    first_linked_ms: int = 0
    account: bytes | None = None
    build: str = ""
    identity: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    active_ms: int = 0
    wake_ms: int = 0
    restricted_until_ms: int = 0
    profile: dict[str, Any] = field(default_factory=dict)
    profile_epoch: int = 0
    restored_from: dict[str, Any] = field(default_factory=dict)
    relink_warned_ms: int = 0
    proxy: bytes | None = None
    browser: str = ""
    number: dict[str, Any] = field(default_factory=dict)
    degraded: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QrCode:
    """`code` is sealed. `sequence` counts the codes of a login and `attempt` its cycles of codes, from 1;
    `expires_ms` is unix milliseconds."""

    sequence: int
    code: bytes
    expires_ms: int
    attempt: int = 1


def session_pk(session: str) -> str:
    return f"SES#{session}"


def session_key(session: str) -> Key:
    return Key(session_pk(session), "SESSION")


def qr_key(session: str) -> Key:
    return Key(session_pk(session), "QR")


def get_session(table: Table, session: str) -> Session | None:
    item = table.get(session_key(session))
    return None if item is None else _from_item(item)


def session_write(session: Session) -> Put:
    """The write that makes a new session; its condition fails when the id is taken."""
    return Put(_to_item(session), When.all(Clause("is new", "pk", "absent")))


def list_sessions(table: Table, tenant: str, *, limit: int, cursor: str | None) -> tuple[list[Session], str | None]:
    page: Page = table.query(f"{tenant}#sessions", index="by_owner", limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def status_write(session: str, *, status: str, reason: str | None, since_ms: int, **more: Any) -> Update:
    """The write of a new status; the caller's transaction holds the condition on the epoch."""
    return Update(
        session_key(session),
        set={"status": status, "reason": reason, "since_ms": since_ms, **more},
        when=When.all(Clause("the session exists", "pk", "exists")),
    )


def identity_write(session: str, changes: dict[str, Any]) -> Update:
    """The write of what a tenant changes on the record."""
    return Update(session_key(session), set=changes, when=When.all(Clause("the session exists", "pk", "exists")))


def find_changed(table: Table, session: Session) -> Session:
    """The session as it is now; as it was, when it is gone meanwhile."""
    return get_session(table, session.id) or session


def warned_write(session: str, before_ms: int, now_ms: int) -> Update:
    """Note that the end of the link was warned of; refused when somebody warned since `before_ms`."""
    first = Clause("nobody ever warned", "relink_warned_ms", "absent")
    same = Clause("nobody warned since", "relink_warned_ms", "eq", before_ms)
    when = When.all(Clause("the session exists", "pk", "exists"), same)
    if before_ms == 0:
        when = when.or_all(Clause("the session exists", "pk", "exists"), first)
    return Update(session_key(session), set={"relink_warned_ms": now_ms}, when=when)


def health_write(session: str, health: dict[str, Any], active_ms: int) -> Update:
    """The write of the evidence; the caller's transaction holds the condition on the epoch."""
    return Update(
        session_key(session),
        set={"health": health, "active_ms": active_ms},
        when=When.all(Clause("the session exists", "pk", "exists")),
    )


def restriction_write(session: str, until_ms: int) -> Update:
    """The write of a restriction's end, 0: over; the caller's transaction holds the condition on the epoch."""
    return Update(
        session_key(session),
        set={"restricted_until_ms": until_ms},
        when=When.all(Clause("the session exists", "pk", "exists")),
    )


def number_write(session: str, number: dict[str, Any]) -> Update:
    """The write of the number's health."""
    return Update(session_key(session), set={"number": number}, when=When.all(Clause("it exists", "pk", "exists")))


def judged_write(session: str, **judged: dict[str, Any]) -> Update:
    """The write of what was judged anew: `number`, `degraded`."""
    return Update(session_key(session), set=judged, when=When.all(Clause("it exists", "pk", "exists")))


def set_desired(table: Table, session: str, desired: str) -> bool:
    """False when the session is gone, or is being deleted."""
    exists, wanted = Clause("it exists", "pk", "exists"), Clause("nobody deletes it", "desired", "ne", "deleted")
    here = When.all(exists, wanted)
    try:
        table.update(Update(session_key(session), set={"desired": desired}, when=here))
    except ConditionFailed:
        return False
    return True


def qr_write(session: str, qr: QrCode) -> Put:
    key = qr_key(session)
    shown: Item = {"sequence": qr.sequence, "code": qr.code, "expires_ms": qr.expires_ms, "attempt": qr.attempt}
    return Put({"pk": key.pk, "sk": key.sk, **shown})


def get_qr(table: Table, session: str) -> QrCode | None:
    item = table.get(qr_key(session))
    if item is None:
        return None
    return QrCode(
        number(item, "sequence"), blob(item, "code"), number(item, "expires_ms"), number(item, "attempt", default=1)
    )


def delete_qr(session: str) -> Delete:
    return Delete(qr_key(session))


def delete_session_records(table: Table, session: Session) -> None:
    """Remove the record and its code. The log stays until its own retention ends."""
    table.delete(qr_key(session.id))
    table.delete(link_key(session.id))
    table.delete(handover_key(session.id))
    table.delete(session_key(session.id))


def with_status(session: Session, status: str, reason: str | None, since_ms: int) -> Session:
    return replace(session, status=status, reason=reason, since_ms=since_ms)


def _to_item(session: Session) -> Item:
    key = session_key(session.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": session.id,
        "tenant": session.tenant,
        "name": session.name,
        "created_ms": session.created_ms,
        "desired": session.desired,
        "status": session.status,
        "reason": session.reason,
        "since_ms": session.since_ms,
        "me": session.me,
        "linked_ms": session.linked_ms,
        "first_linked_ms": session.first_linked_ms,
        "account": session.account,
        "build": session.build,
        "identity": session.identity,
        "metadata": session.metadata,
        "health": session.health,
        "active_ms": session.active_ms,
        "wake_ms": session.wake_ms,
        "restricted_until_ms": session.restricted_until_ms,
        "profile": session.profile,
        "profile_epoch": session.profile_epoch,
        "restored_from": session.restored_from,
        "relink_warned_ms": session.relink_warned_ms,
        "proxy": session.proxy,
        "browser": session.browser,
        "number": session.number,
        "degraded": session.degraded,
        "owner_pk": f"{session.tenant}#sessions",
        "owner_sk": f"{session.created_ms:013d}#{session.id}",
    }


def _from_item(item: Item) -> Session:
    return Session(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        name=text(item, "name"),
        created_ms=number(item, "created_ms"),
        desired=text(item, "desired"),
        status=text(item, "status"),
        reason=text_or_none(item, "reason"),
        since_ms=number(item, "since_ms"),
        me=blob(item, "me") if item.get("me") is not None else None,
        linked_ms=number(item, "linked_ms"),
        first_linked_ms=number(item, "first_linked_ms"),
        account=blob(item, "account") if item.get("account") is not None else None,
        build=text(item, "build"),
        identity=mapping(item, "identity"),
        metadata=mapping(item, "metadata"),
        health=mapping(item, "health"),
        active_ms=number(item, "active_ms"),
        wake_ms=number(item, "wake_ms"),
        restricted_until_ms=number(item, "restricted_until_ms"),
        profile=mapping(item, "profile"),
        profile_epoch=number(item, "profile_epoch"),
        restored_from=mapping(item, "restored_from"),
        relink_warned_ms=number(item, "relink_warned_ms"),
        proxy=blob(item, "proxy") if item.get("proxy") is not None else None,
        browser=text_or_none(item, "browser") or "",
        number=mapping(item, "number"),
        degraded=mapping(item, "degraded"),
    )
