"""A clock that never jumps: the wall's time at the start of an owner, and the boot clock from then on.

Limits are counted by it. A wall clock that is set forward would make the last hour look empty.
"""

import time
from collections.abc import Callable

from containers.worker.tenure import boot_seconds


class SteadyClock:
    """Calling it gives unix milliseconds that only grow."""

    def __init__(
        self,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        boot: Callable[[], float] = boot_seconds,
    ) -> None:
        self._boot = boot
        self._ahead_ms = wall_ms() - boot() * 1000

    def __call__(self) -> int:
        return int(self._ahead_ms + self._boot() * 1000)
