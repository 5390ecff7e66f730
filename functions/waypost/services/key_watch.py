"""Whether the API key behind an open connection still counts: asked anew when the last answer is too old."""

import time
from collections.abc import Callable

from waypost.entities.tenant import get_api_key
from waypost.ports import Table

SECONDS = 10.0  # how long an answer is believed, so that a busy session asks six times a minute
_REMEMBERED = 10_000


class KeyWatch:
    """Remembers per process. Threads may ask side by side: at worst both read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def is_revoked(self, table: Table, key: str | None) -> bool:
        """A key that is gone is revoked. None: the connection is of a time when its key was not noted."""
        if key is None:
            return False
        now, known = self._clock(), self._known.get(key)
        if known is not None and now - known[0] < SECONDS:
            return known[1]
        stored = get_api_key(table, key)
        revoked = stored is None or stored.revoked
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (now, revoked)
        return revoked
