"""When a failed send is tried again (R-LIM-6); whether: `failures.py`."""

RETRIES = 3
FIRST_DELAY_SECONDS = 1.0


def retry_delay(failure: int, chance: float) -> float:
    """Seconds before retry 1, 2, 3: exponential from 1000 ms with full jitter; `chance` is in [0, 1)."""
    return FIRST_DELAY_SECONDS * (1 << (failure - 1)) * chance
