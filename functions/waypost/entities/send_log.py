"""What a session did that counts towards its limits and budgets, so that a restart or a move forgets nothing (P8).

pk SES#{session}#SENT       sk {ms}#{message}#{attempt}   a hand-over to WhatsApp, also one that failed
pk SES#{session}#MEDIA      sk {ms}#{message}#{attempt}   one of them of media
pk SES#{session}#FIRST      sk {ms}#{message}#{attempt}   one of them to somebody who never answered
pk SES#{session}#ASKED      sk {ms}#{question}            a question whether a number is on WhatsApp
pk SES#{session}#ANSWERED   sk {ms}#{contact}             somebody answered for the first time

Times are unix milliseconds of the owner's clock. Items go by themselves when no limit asks for them any more.
"""

from dataclasses import dataclass
from typing import Literal

from waypost.entities.record import number, text
from waypost.ports import Item, Put, Table

Kind = Literal["SENT", "MEDIA", "FIRST", "ASKED", "ANSWERED"]

_DAY_SECONDS = 86_400
_KEPT_SECONDS: dict[Kind, int] = {
    "SENT": 2 * _DAY_SECONDS,
    "MEDIA": 2 * _DAY_SECONDS,
    "FIRST": 2 * _DAY_SECONDS,
    "ASKED": 2 * _DAY_SECONDS,
    "ANSWERED": 8 * _DAY_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Done:
    """When, and of which message; the others have names of their own."""

    at_ms: int
    message: str = ""


def done_write(session: str, kind: Kind, name: str, at_ms: int) -> Put:
    """The write that counts one. Of a hand-over it belongs into the transaction that records the attempt."""
    return Put(
        {
            "pk": _pk(session, kind),
            "sk": f"{at_ms:013d}#{name}",
            "at_ms": at_ms,
            "ttl": at_ms // 1000 + _KEPT_SECONDS[kind],
        }
    )


def newest_done(
    table: Table, session: str, kind: Kind, *, since_ms: int, limit: int, until_ms: int | None = None
) -> list[Done]:
    """Those since a time, and before another, oldest first; when there are more than `limit`, the newest of them."""
    found: list[Item] = []
    cursor: str | None = None
    while len(found) < limit:
        page = table.query(
            _pk(session, kind),
            between=(f"{max(since_ms, 0):013d}", "~" if until_ms is None else f"{max(until_ms, 0):013d}"),
            limit=min(limit - len(found), 1000),
            descending=True,
            cursor=cursor,
        )
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return [Done(number(item, "at_ms"), text(item, "sk").split("#")[1]) for item in reversed(found)]


def _pk(session: str, kind: Kind) -> str:
    return f"SES#{session}#{kind}"
