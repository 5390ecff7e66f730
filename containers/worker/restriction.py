"""Until when WhatsApp lets a session begin no new chats."""

from waypost.domain.upkeep import Upkeep

_NEWS_MS = 60_000  # an end that moves by less is the same end


class Restriction:
    """Of one session. `until_ms` is unix milliseconds; 0: none."""

    def __init__(self, until_ms: int, upkeep: Upkeep) -> None:
        self.until_ms = until_ms
        self._upkeep = upkeep

    def begin(self, said_ms: int | None, now_ms: int) -> bool:
        """WhatsApp refused a new chat, and perhaps said until when. Whether that says anything new."""
        until_ms = said_ms
        if until_ms is None:
            # It is tried again then; should WhatsApp refuse again, it begins anew.
            until_ms = self.until_ms if self.until_ms > now_ms else now_ms + int(self._upkeep.restricted_seconds * 1000)
        news = abs(until_ms - self.until_ms) >= _NEWS_MS
        self.until_ms = until_ms
        return news

    def is_over(self, now_ms: int) -> bool:
        return 0 < self.until_ms <= now_ms

    def end(self) -> None:
        self.until_ms = 0
