"""The published copies of a session's browser profile. Which one is current stands on the session's record.

pk SES#{session}#PROFILES   sk {version}

A version's id is `{epoch}.{number}`, both of fixed width, so that ids sort by time.
"""

from waypost.domain.profile import Version
from waypost.entities.record import blob, number, text, text_or_none
from waypost.entities.session import session_key
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, Value, When

_NAME_BYTES = 20  # an object's name is 40 hex digits; stored as bytes, because a version may have thousands


def version_id(epoch: int, count: int) -> str:
    return f"{epoch:08d}.{count:06d}"


def epoch_of(version: str) -> int:
    return int(version.partition(".")[0])


def version_write(version: Version) -> Put:
    return Put(_to_item(version), When.all(Clause("is new", "pk", "absent")))


def version_gone(version: Version) -> Delete:
    return Delete(_key(version.session, version.id))


def list_versions(table: Table, session: str) -> list[Version]:
    """The newest first."""
    found: list[Version] = []
    cursor: str | None = None
    while True:
        page = table.query(_pk(session), descending=True, cursor=cursor)
        found.extend(_from_item(item) for item in page.items)
        cursor = page.cursor
        if cursor is None:
            return found


def proven_write(version: Version, now_ms: int) -> Update:
    return Update(_key(version.session, version.id), set={"proven_ms": now_ms}, when=_exists())


def refused_write(version: Version, why: str) -> Update:
    return Update(_key(version.session, version.id), set={"refused": why}, when=_exists())


def pointer_write(version: Version) -> Update:
    """The write that makes it the current one: for the API to show, and for the next owner."""
    return Update(
        session_key(version.session),
        set={"profile": {"version": version.id, "taken_ms": version.taken_ms, "linked_ms": version.linked_ms}},
        when=_exists(),
    )


def used_write(session: str, epoch: int, restored: Version | None) -> Update:
    """The write that says which epoch starts a browser, and from which version if its profile was restored."""
    note: dict[str, Value] = {} if restored is None else {"version": restored.id, "taken_ms": restored.taken_ms}
    return Update(session_key(session), set={"profile_epoch": epoch, "restored_from": note}, when=_exists())


def _exists() -> When:
    return When.all(Clause("it exists", "pk", "exists"))


def _pk(session: str) -> str:
    return f"SES#{session}#PROFILES"


def _key(session: str, version: str) -> Key:
    return Key(_pk(session), version)


def _to_item(version: Version) -> Item:
    key = _key(version.session, version.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "session": version.session,
        "linked_ms": version.linked_ms,
        "taken_ms": version.taken_ms,
        "data_bytes": version.data_bytes,
        "epochs": [epoch for epoch, _ in _parts(version)],
        "names": b"".join(name for _, name in _parts(version)),
        "proven_ms": version.proven_ms,
        "refused": version.refused,
    }


def _parts(version: Version) -> list[tuple[int, bytes]]:
    split = [name.partition("/") for name in version.objects]
    return [(int(epoch), bytes.fromhex(name)) for epoch, _, name in split]


def _from_item(item: Item) -> Version:
    names, epochs = blob(item, "names"), item["epochs"]
    assert isinstance(epochs, list)
    cut = [names[at : at + _NAME_BYTES].hex() for at in range(0, len(names), _NAME_BYTES)]
    return Version(
        id=text(item, "sk"),
        session=text(item, "session"),
        linked_ms=number(item, "linked_ms"),
        taken_ms=number(item, "taken_ms"),
        data_bytes=number(item, "data_bytes"),
        objects=tuple(f"{epoch:08d}/{name}" for epoch, name in zip(epochs, cut, strict=True)),
        proven_ms=number(item, "proven_ms"),
        refused=text_or_none(item, "refused"),
    )
