"""What makes a copy of a browser's profile worth keeping, and which copies are kept. Times are unix milliseconds.

A copy belongs to one link of an account, named by `linked_ms`: once the account was unlinked, WhatsApp takes no copy
of before any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MINUTE_MS = 60_000
# Copies of these ages are kept beside the newest one: a fault that is found late has copies from before it.
_LADDER_MS = (10 * MINUTE_MS, 60 * MINUTE_MS, 24 * 60 * MINUTE_MS, 72 * 60 * MINUTE_MS, 168 * 60 * MINUTE_MS)
# A database that lost this much at once was emptied; what LevelDB saves by tidying up is far from it.
_SHRUNKEN = 0.05
_TOO_SMALL_TO_JUDGE = 64 * 1024

Unfit = Literal["logged_out", "unverifiable", "shrunken"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A copy before it is published. `data_bytes` is the size of the page's databases."""

    linked_ms: int
    logged_in: bool
    verified: bool
    data_bytes: int


@dataclass(frozen=True, slots=True)
class Version:
    """A published copy. `id` sorts by time within a session; `objects` are the names of what it is made of, beside the
    manifest; `proven_ms` is when a browser that was restored from it was logged in, 0: never; `refused` says why it
    is not used again."""

    id: str
    session: str
    linked_ms: int
    taken_ms: int
    data_bytes: int
    objects: tuple[str, ...] = ()
    proven_ms: int = 0
    refused: str | None = None


def may_publish(previous: Version | None, now: Measure) -> Unfit | None:
    """None when the copy is fit to be published, else why it is not."""
    if not now.logged_in:
        return "logged_out"
    if not now.verified:
        return "unverifiable"
    if previous is None or previous.linked_ms != now.linked_ms or previous.data_bytes < _TOO_SMALL_TO_JUDGE:
        return None
    return "shrunken" if now.data_bytes < previous.data_bytes * _SHRUNKEN else None


def may_restore(version: Version, linked_ms: int) -> bool:
    """Whether the copy is of this link, and nothing speaks against it."""
    return version.refused is None and version.linked_ms == linked_ms


def is_local_newest(stamp_epoch: int, used_epoch: int) -> bool:
    """Whether no browser ran elsewhere since one ran on the local profile. `stamp_epoch` stands beside it (0: it has no
    stamp), `used_epoch` is the last epoch whose owner said that it starts a browser."""
    return stamp_epoch >= used_epoch


def versions_to_keep(versions: Sequence[Version], now_ms: int, count: int) -> set[str]:
    """The ids of at most `count` (2 to 7) copies: the newest and, for every rung of the ladder, the oldest that has
    not passed it; beyond the last rung the youngest. Only of the newest one's link."""
    newest = max(versions, key=lambda version: version.id, default=None)
    if newest is None:
        return set()
    good = sorted((v for v in versions if may_restore(v, newest.linked_ms)), key=lambda version: version.id)
    older, kept, below = [v for v in good if v.id != newest.id], {newest.id}, -1
    for rung in _LADDER_MS[: count - 2]:
        kept |= {v.id for v in [v for v in older if below < now_ms - v.taken_ms <= rung][:1]}
        below = rung
    return kept | {v.id for v in [v for v in older if now_ms - v.taken_ms > below][-1:]}
