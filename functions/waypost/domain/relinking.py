"""When a link has to be renewed, and when to warn of it (R-AUTH-2). Times are unix milliseconds."""

from dataclasses import dataclass
from enum import StrEnum

_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Relinking:
    """A link lasts `days`; `warn_days` before its end a warning is given each day. `days` 0: for ever."""

    days: float = 14.0  # R-AUTH-2
    warn_days: float = 3.0

    def due_ms(self, linked_ms: int) -> int:
        """When a link ends; 0 when it does not, or there is none."""
        return linked_ms + round(self.days * _DAY_MS) if linked_ms and self.days else 0


class Due(StrEnum):
    NOTHING = "nothing"
    WARNING = "warning"
    RELINK = "relink"


def what_is_due(policy: Relinking, *, linked_ms: int, warned_ms: int, now_ms: int) -> Due:
    """`warned_ms` is when it was last warned of, of this link or of one before; at most one warning a day."""
    due_ms = policy.due_ms(linked_ms)
    if not due_ms:
        return Due.NOTHING
    if now_ms >= due_ms:
        return Due.RELINK
    first_ms = max(linked_ms, due_ms - round(policy.warn_days * _DAY_MS))
    warned = warned_ms >= first_ms and now_ms - warned_ms < _DAY_MS
    return Due.WARNING if now_ms >= first_ms and not warned else Due.NOTHING
