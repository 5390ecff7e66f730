"""Calling the engine from the event loop: in a thread, and again while it asks for patience.

Throttled and TransactionConflict say that nothing was done, so repeating is safe; the rest is for the caller to judge.
"""

import asyncio
import random
from collections.abc import Callable

from waypost.errors import Throttled, TransactionConflict

_TRIES = 8
_FIRST_SECONDS = 0.02


async def patiently[**P, T](call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `call` returns. Raises what it raises, Throttled and TransactionConflict only after several tries."""
    for attempt in range(_TRIES - 1):
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        except (Throttled, TransactionConflict):
            limit = _FIRST_SECONDS * 2**attempt
            await asyncio.sleep(random.uniform(limit / 2, limit))  # noqa: S311  # spread, not a secret
    return await asyncio.to_thread(call, *args, **kwargs)
