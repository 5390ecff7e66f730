"""A file on its way to be sent, and what became of it.

pk MED#{media}   sk -      from its coming, or its being asked for, until it is settled and who waited for it was told
                           (media_wait.py), in index by_owner as `media-open`, by the time of making;
                           while it is being uploaded as `media-begun`

What was said and found of the file, and the key of its bytes, is sealed under the tenant's key.
"""

from dataclasses import dataclass, replace
from typing import cast

from waypost.domain.media import State
from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Check, Clause, Item, Key, Table, Update, Value, When

WORKED_ON: tuple[State, ...] = ("checking", "preparing")
KEEP_SECONDS = 30 * 24 * 3600  # as long as the official API keeps an upload
_OPEN, _BEGUN = "media-open", "media-begun"


@dataclass(frozen=True, slots=True)
class Media:
    """`asked` and `facts` are sealed JSON objects; `code` says why it was refused. `progress` is in percent.
    Who fetches or prepares it has it until `claimed_until_ms`; `attempts` counts them, of each kind by itself."""

    id: str
    tenant: str
    created_ms: int
    asked: bytes
    state: State = "uploading"
    facts: bytes | None = None
    code: str | None = None
    progress: int = 0
    claimed_until_ms: int = 0
    attempts: int = 0


def put_media(table: Table, media: Media) -> bool:
    """False when it is there already, made by an earlier try of the same request."""
    try:
        table.put(_to_item(media), when=When.all(Clause("is new", "pk", "absent")))
    except ConditionFailed:
        return False
    return True


def get_media(table: Table, media: str) -> Media | None:
    item = table.get(media_key(media))
    return None if item is None else _from_item(item)


def unsettled_media(table: Table, before_ms: int, *, limit: int = 100) -> list[Media]:
    """Those made before that time which have come and are neither ready nor refused, or for which somebody still waits,
    oldest first."""
    return _made_before(table, _OPEN, before_ms, limit)


def begun_uploads(table: Table, before_ms: int, *, limit: int = 100) -> list[Media]:
    """Those made before that time which have not come, or were ended for that and nobody was told, oldest first."""
    return _made_before(table, _BEGUN, before_ms, limit)


def mark_uploaded(table: Table, media: Media, *, asked: bytes | None = None) -> None:
    """The source is there; does nothing once somebody works on it. `asked` replaces what was said of it before."""
    known: dict[str, Value] = {} if asked is None else {"asked": asked}
    _change(
        table,
        media.id,
        {"state": "checking", **_open(media), **known},
        Clause("still comes in", "state", "eq", "uploading"),
    )


def mark_fetched(table: Table, media: Media, *, asked: bytes) -> bool:
    """The source is there, and its preparation begins anew to count; False when somebody else has taken it up."""
    values: dict[str, Value] = {"state": "checking", "asked": asked, "claimed_until_ms": 0, "attempts": 0}
    return _change(table, media.id, values, Clause("is fetched", "state", "eq", "fetching"), _ours(media))


def put_off(table: Table, media: Media, until_ms: int) -> None:
    """Nobody is to take it up before that time."""
    _change(table, media.id, {"claimed_until_ms": until_ms}, _ours(media))


def claim_media(
    table: Table, media: Media, now_ms: int, until_ms: int, *, states: tuple[State, ...] = WORKED_ON
) -> Media | None:
    """Take it up for preparation; None when somebody else has, or it is in none of the states."""
    changed = _change(
        table,
        media.id,
        {"claimed_until_ms": until_ms, "attempts": media.attempts + 1},
        Clause("is to be worked on", "state", "in", states),
        Clause("nobody is at it", "claimed_until_ms", "lt", now_ms),
        Clause("as it was read", "attempts", "eq", media.attempts),
    )
    return replace(media, claimed_until_ms=until_ms, attempts=media.attempts + 1) if changed else None


def release_media(table: Table, media: Media, *, counts: bool = True) -> None:
    """Let the next try have it at once. `counts`: this one was a try."""
    attempts = media.attempts if counts else media.attempts - 1
    _change(table, media.id, {"claimed_until_ms": 0, "attempts": attempts}, _ours(media))


def note_progress(table: Table, media: Media, percent: int) -> None:
    _change(table, media.id, {"state": "preparing", "progress": percent}, _ours(media))


def settle_media(table: Table, media: Media, state: State, *, asked: bytes, facts: bytes, code: str | None) -> bool:
    """The end of its preparation; False when somebody else has taken it up since. Who waits for it is told next, and
    then it is closed."""
    settled: dict[str, Value] = {"state": state, "asked": asked, "facts": facts, "code": code, "progress": 100}
    return _change(
        table, media.id, {**settled, "claimed_until_ms": 0},
        _ours(media),
    )  # fmt: skip


def close_media(table: Table, media: str) -> None:
    """Nobody waits for it any more. Harmless when that was said before, or it is gone."""
    _change(
        table, media, {"claimed_until_ms": 0}, Clause("it is here", "pk", "exists"), remove=("owner_pk", "owner_sk")
    )


def is_settled(media: Media) -> bool:
    return media.state in ("ready", "refused")


def unsettled_check(media: str) -> Check:
    """The condition that nobody has told those who wait for it: it holds them up still."""
    open_still = (
        Clause("it is here", "pk", "exists"),
        Clause("is not ready", "state", "ne", "ready"),
        Clause("is not refused", "state", "ne", "refused"),
    )
    return Check(media_key(media), When.all(*open_still))


def _made_before(table: Table, which: str, before_ms: int, limit: int) -> list[Media]:
    page = table.query(which, index="by_owner", between=("0", f"{before_ms:013d}"), limit=limit)
    return [_from_item(item) for item in page.items]


def _open(media: Media, which: str = _OPEN) -> dict[str, Value]:
    return {"owner_pk": which, "owner_sk": f"{media.created_ms:013d}#{media.id}"}


def _ours(media: Media) -> Clause:
    return Clause("is ours", "claimed_until_ms", "eq", media.claimed_until_ms)


def _change(table: Table, media: str, values: dict[str, Value], *clauses: Clause, remove: tuple[str, ...] = ()) -> bool:
    try:
        table.update(Update(media_key(media), set=values, remove=remove, when=When.all(*clauses)))
    except ConditionFailed:
        return False
    return True


def media_key(media: str) -> Key:
    return Key(f"MED#{media}", "-")


def _to_item(media: Media) -> Item:
    key = media_key(media.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": media.id,
        "tenant": media.tenant,
        "created_ms": media.created_ms,
        "asked": media.asked,
        "state": media.state,
        "facts": media.facts,
        "code": media.code,
        "progress": media.progress,
        "claimed_until_ms": media.claimed_until_ms,
        "attempts": media.attempts,
        "ttl": media.created_ms // 1000 + KEEP_SECONDS,
        **_open(media, _BEGUN if media.state == "uploading" else _OPEN),
    }


def _from_item(item: Item) -> Media:
    return Media(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        created_ms=number(item, "created_ms"),
        asked=blob(item, "asked"),
        state=cast(State, text(item, "state")),
        facts=blob(item, "facts") if item.get("facts") is not None else None,
        code=text_or_none(item, "code"),
        progress=number(item, "progress"),
        claimed_until_ms=number(item, "claimed_until_ms"),
        attempts=number(item, "attempts"),
    )
