"""An endpoint's latest posts, for people who look for a mistake: a ring of KEPT, without bodies.

pk HOOK#{hook}#LOG   sk -       how many there were, the latest success and the latest error
pk HOOK#{hook}#LOG   sk {slot}  one post; slot is its number modulo KEPT, so that the next round writes over it
"""

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.entities.record import number, text, text_or_none
from waypost.ports import Item, Key, Put, Table, Update, Value

KEPT = 1000
LOG_DAYS = 7


@dataclass(frozen=True, slots=True)
class Attempt:
    """One post. `attempt` counts the posts of this event in a row; `status` is None when nobody answered."""

    event: str
    at_ms: int
    attempt: int
    status: int | None
    milliseconds: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Logged:
    """An attempt with its number, which is also what a page goes on from."""

    number: int
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Summary:
    """Times are 0 while there was none."""

    count: int = 0
    delivered_ms: int = 0
    failed_ms: int = 0
    error: str | None = None


def log_attempts(table: Table, hook: str, attempts: Sequence[Attempt]) -> None:
    """At most 50, in the order of their posting."""
    if not attempts:
        return
    after = number(table.update(Update(_key(hook, "-"), set=_news(attempts), add={"count": len(attempts)})), "count")
    first = after - len(attempts) + 1
    table.transact([_put(hook, first + place, attempt) for place, attempt in enumerate(attempts)])


def list_attempts(
    table: Table, hook: str, *, limit: int, now_ms: int, before: int | None = None
) -> tuple[list[Logged], int | None]:
    """The newest first, below number `before`; and where the next page begins, None at the end."""
    count = summary(table, hook).count
    newest = count if before is None else min(before - 1, count)
    oldest = max(1, count - KEPT + 1, newest - limit + 1)
    found = [
        logged
        for low, high in _stretches(oldest, newest)
        for item in table.query(f"HOOK#{hook}#LOG", between=(low, high), limit=limit, descending=True).items
        # A slot that is written anew while the page is read holds a number above it.
        if oldest <= (logged := _from_item(item)).number <= newest and number(item, "ttl") > now_ms // 1000
    ]
    more = bool(found) and oldest > max(1, count - KEPT + 1)
    return found, oldest if more else None


def summary(table: Table, hook: str) -> Summary:
    item = table.get(_key(hook, "-")) or {}
    return Summary(
        count=number(item, "count"),
        delivered_ms=number(item, "delivered_ms"),
        failed_ms=number(item, "failed_ms"),
        error=text_or_none(item, "error"),
    )


def _news(attempts: Sequence[Attempt]) -> dict[str, Value]:
    news: dict[str, Value] = {}
    for attempt in attempts:
        if attempt.error is None:
            news["delivered_ms"] = attempt.at_ms
        else:
            news |= {"failed_ms": attempt.at_ms, "error": attempt.error}
    return news


def _stretches(oldest: int, newest: int) -> list[tuple[str, str]]:
    """The slots from newest down to oldest as ranges of sort keys: two where the ring begins anew in between."""
    if newest < oldest:
        return []
    high, low = newest % KEPT, oldest % KEPT
    if newest - oldest < high + 1:
        return [(_slot(low), _slot(high))]
    return [(_slot(0), _slot(high)), (_slot(low), _slot(KEPT - 1))]


def _slot(place: int) -> str:
    return f"{place:04d}"


def _key(hook: str, sk: str) -> Key:
    return Key(f"HOOK#{hook}#LOG", sk)


def _put(hook: str, number_: int, attempt: Attempt) -> Put:
    key = _key(hook, _slot(number_ % KEPT))
    return Put(
        {
            "pk": key.pk,
            "sk": key.sk,
            "number": number_,
            "event": attempt.event,
            "at_ms": attempt.at_ms,
            "attempt": attempt.attempt,
            "status": attempt.status,
            "milliseconds": attempt.milliseconds,
            "error": attempt.error,
            "ttl": attempt.at_ms // 1000 + LOG_DAYS * 86_400,
        }
    )


def _from_item(item: Item) -> Logged:
    status = item.get("status")
    return Logged(
        number(item, "number"),
        Attempt(
            event=text(item, "event"),
            at_ms=number(item, "at_ms"),
            attempt=number(item, "attempt"),
            status=status if isinstance(status, int) else None,
            milliseconds=number(item, "milliseconds"),
            error=text_or_none(item, "error"),
        ),
    )
