"""The evidence behind a session's status: what has proved when that it lives. Times are unix milliseconds, 0: never."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """`socket` is the line between the page and WhatsApp: `open`, `closed` or `unknown`. `acks_outstanding` of our
    messages wait for WhatsApp's acknowledgement, the oldest since `oldest_unacknowledged_ms`. `restarts` counts what
    was done to the browser for its health since its owner has it; `last_trouble` names why it was done last."""

    checked_ms: int = 0
    page_answered_ms: int = 0
    socket: str = "unknown"
    last_ack_ms: int = 0
    acks_outstanding: int = 0
    oldest_unacknowledged_ms: int = 0
    last_received_ms: int = 0
    restarts: int = 0
    last_trouble: str | None = None
    last_trouble_ms: int = 0

    def as_item(self) -> dict[str, Any]:
        return asdict(self)


def evidence_from(item: Mapping[str, Any]) -> Evidence:
    """What was stored; of what was not, the default."""
    return Evidence(**{one.name: item[one.name] for one in fields(Evidence) if one.name in item})


def says_something_new(now: Evidence, before: Evidence) -> bool:
    """Whether more has changed than the time at which the page answered again."""
    same = replace(before, checked_ms=now.checked_ms, page_answered_ms=now.page_answered_ms)
    return now != same
