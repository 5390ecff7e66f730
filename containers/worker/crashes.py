"""Why a page or a browser ended, as far as it can be known: for want of memory, or otherwise.

Chromium tells the signal that ended a renderer. SIGKILL comes from the kernel when memory runs out, and from whoever
kills it; the control group's own count of such kills tells the two apart. With SIGTRAP Chromium ends itself on purpose,
which V8 does when its heap is full; a failed check inside Chromium looks the same, and is the rarer of the two.
"""

import re
import signal
from dataclasses import dataclass
from pathlib import Path

# The first that exists counts: version 2 of control groups, then version 1.
_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a renderer ended: Chromium's word for it (`crashed`, `killed`, `oom` …) and the signal, 0 if unknown."""

    status: str = ""
    signal: int = 0


def ran_out_of_memory(ending: Ending, *, kernel_kills: int) -> bool:
    """`kernel_kills`: how many processes the kernel ended for want of memory while the browser ran."""
    if ending.status == "oom" or ending.signal == signal.SIGTRAP:
        return True
    return kernel_kills > 0 and ending.signal in (0, signal.SIGKILL)


def count_kernel_kills(counters: tuple[Path, ...] = _COUNTERS) -> int:
    """Of this control group since it exists; 0 where nobody counts."""
    for counter in counters:
        try:
            found = _KILLS.search(counter.read_text("ascii"))
        except OSError:
            continue
        if found is not None:
            return int(found[1])
    return 0
