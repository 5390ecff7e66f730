"""Whether and when a failed send is tried again (R-LIM-6, R-ERR)."""

RETRIES = 3
FIRST_DELAY_SECONDS = 1.0

# What WhatsApp or the page says of a chat or a text that will be the same next time.
_FINAL = frozenset({"chat_not_found", "invalid_wid", "not_on_whatsapp"})


def is_retryable(code: str) -> bool:
    """Whether trying again can help."""
    return code not in _FINAL


def retry_delay(failure: int, chance: float) -> float:
    """Seconds before retry 1, 2, 3: exponential from 1000 ms with full jitter; `chance` is in [0, 1)."""
    return FIRST_DELAY_SECONDS * (1 << (failure - 1)) * chance
