"""Waiting a moment before a write is tried again that somebody else was faster with."""

import random
import time

TRIES = 50
_FIRST_SECONDS = 0.001
_LONGEST_SECONDS = 0.05


def pause(attempt: int) -> None:
    """Sleep before try 2, 3, 4 …, by chance up to a limit that doubles: writers who meet once do not meet for ever.

    Without it, one of n writers loses each try with a chance of (n-1)/n, and of 32 one in five loses fifty in a row.
    """
    limit = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(attempt, 10))
    time.sleep(random.uniform(0, limit))  # noqa: S311  # no secret hangs on it
