"""Publishing copies of a session's browser profile: the order that never leaves half a copy, and the sweep after it.

In bucket `profiles`, everything sealed before it comes here:
    {session}/{epoch}/{name}       a piece of a profile; its name is a keyed hash of what it holds
    {session}/{epoch}/{count}.v    a version's manifest; version id `{epoch}.{count}`

An owner writes under its own epoch only and deletes what no kept version names only after the table, under a condition
on the epoch, forgot the versions that named it. So a fenced owner that wakes up late can neither overwrite nor delete
what a later owner relies on, whatever the clocks say, and no object needs a time of grace.
"""

from collections.abc import Sequence
from contextlib import suppress

from waypost.domain.profile import Version, may_restore, versions_to_keep
from waypost.entities.head import still_owner
from waypost.entities.profile import (
    epoch_of,
    list_versions,
    pointer_write,
    proven_write,
    refused_write,
    used_write,
    version_gone,
    version_write,
)
from waypost.entities.session import Session
from waypost.errors import ConditionFailed, Fenced
from waypost.ports import MAX_TRANSACTION_WRITES, Blobs, Table, Write


def object_key(session: str, name: str) -> str:
    """`name` as a version lists it: `{epoch}/{hash}`."""
    return f"{session}/{name}"


def manifest_key(session: str, version: str) -> str:
    epoch, _, count = version.partition(".")
    return f"{session}/{epoch}/{count}.v"


def publish(
    version: Version, manifest: bytes, *, kept: Sequence[Version], keep: int, table: Table, blobs: Blobs, now_ms: int
) -> list[Version]:
    """Make it the current copy: its manifest first, then the pointer in one transaction with what is forgotten. All of
    its objects are stored already. `kept` are the versions so far; returns those that remain, the newest first.

    Raises Fenced when another owner has begun: then nothing changed.
    """
    blobs.put(manifest_key(version.session, version.id), manifest)
    chosen = versions_to_keep([version, *kept], now_ms, keep)
    stale = [old for old in kept if old.id not in chosen][: MAX_TRANSACTION_WRITES - 3]
    _as_owner(
        version.session,
        epoch_of(version.id),
        [version_write(version), pointer_write(version), *map(version_gone, stale)],
        table,
    )
    return [version, *(old for old in kept if old not in stale)]


def collect(session: str, kept: Sequence[Version], *, epoch: int, table: Table, blobs: Blobs) -> int:
    """Delete what none of the `kept` versions names; returns how many. To be called when nothing is being published,
    with what `publish` returned or `list_versions` found under this epoch. Raises Fenced."""
    _as_owner(session, epoch, [], table)
    named = {object_key(session, name) for version in kept for name in version.objects}
    named |= {manifest_key(session, version.id) for version in kept}
    unused = [key for key in blobs.list(f"{session}/") if key not in named and _epoch_in(key) <= epoch]
    for key in unused:
        blobs.delete(key)
    return len(unused)


def usable_versions(session: str, linked_ms: int, *, table: Table) -> list[Version]:
    """Those that may be restored, the newest first."""
    return [version for version in list_versions(table, session) if may_restore(version, linked_ms)]


def note_used(session: str, *, epoch: int, restored: Version | None, table: Table) -> None:
    """Say that this epoch starts a browser, before it does: local profiles elsewhere are stale from now on."""
    _as_owner(session, epoch, [used_write(session, epoch, restored)], table)


def note_proven(version: Version, *, epoch: int, table: Table, now_ms: int) -> None:
    """A browser that was restored from it is logged in."""
    with suppress(ConditionFailed):  # it was retired meanwhile
        _as_owner(version.session, epoch, [proven_write(version, now_ms)], table)


def note_refused(version: Version, why: str, *, epoch: int, table: Table) -> None:
    """Never use it again: it was tampered with, or did not lead to a logged-in page."""
    with suppress(ConditionFailed):
        _as_owner(version.session, epoch, [refused_write(version, why)], table)


def forget_profile(session: Session, *, table: Table, blobs: Blobs) -> None:
    """Remove every copy of a session that is deleted. Nobody owns it any more, or only the caller."""
    for version in list_versions(table, session.id):
        table.transact([version_gone(version)])
    for key in blobs.list(f"{session.id}/"):
        blobs.delete(key)


def _as_owner(session: str, epoch: int, writes: list[Write], table: Table) -> None:
    """Raises Fenced when another owner has begun, ConditionFailed when one of the writes' own conditions fails."""
    try:
        table.transact([still_owner(session, epoch), *writes])
    except ConditionFailed as failure:
        if 0 in failure.failed:
            raise Fenced("Another worker owns this session now.") from None
        raise


def _epoch_in(key: str) -> int:
    return int(key.split("/")[1])
