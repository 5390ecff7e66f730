"""What was counted of a session's number on one day (UTC), for its health (domain/number_health.py).

pk SES#{session}#DAYS   sk {yyyy-mm-dd}   counts; removed after a month
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from waypost.domain.number_health import DAYS, Day
from waypost.entities.record import number
from waypost.ports import Key, Table, Update

_DAY_MS = 86_400_000
_KEPT_MS = 31 * _DAY_MS
COUNTED = frozenset(field.name for field in fields(Day))


def count_write(session: str, counts: Mapping[str, int], now_ms: int) -> Update:
    """The write that adds to today's counts. `counts` are names of `Day`."""
    assert counts.keys() <= COUNTED, sorted(counts)
    return Update(_key(session, now_ms), set={"ttl": (now_ms + _KEPT_MS) // 1000}, add=dict(counts))


def last_days(table: Table, session: str, now_ms: int) -> list[Day]:
    """Those that count for the health now, oldest first."""
    first, last = _key(session, now_ms - (DAYS - 1) * _DAY_MS), _key(session, now_ms)
    page = table.query(first.pk, between=(first.sk, last.sk), limit=DAYS)
    return [Day(**{name: number(item, name) for name in COUNTED}) for item in page.items]


def _key(session: str, now_ms: int) -> Key:
    return Key(f"SES#{session}#DAYS", f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m-%d}")
