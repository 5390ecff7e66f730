"""How long to wait before the next try: exponential with full jitter, so that many clients do not come back at once."""

import random
from collections.abc import Callable, Iterator

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


def back_off(
    first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS, chance: Callable[[], float] = random.random
) -> Iterator[float]:
    """Seconds before try 2, 3, 4 … without end: each by chance between 0 and a ceiling that doubles up to `longest`.

    `chance` gives numbers in [0, 1).
    """
    ceiling = first
    while True:
        yield ceiling * chance()
        ceiling = min(longest, ceiling * 2)
