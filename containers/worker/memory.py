"""How much of its memory a worker uses: by the limit of its control group, else by what its processes hold. Linux only.

Of a group's use the files that nobody has open count as free: the kernel drops them first.
"""

import os
from contextlib import suppress
from pathlib import Path

from containers.worker.launcher_book import Process
from containers.worker.processes import find_process, tree_of

CGROUPS = Path("/sys/fs/cgroup")


def share_in_use(cgroups: Path = CGROUPS, proc: Path = Path("/proc")) -> float:
    """0 to 1, of the group's limit, else of the machine's memory."""
    for group in _groups(cgroups, proc):
        share = _share_of_group(group)
        if share is not None:
            return share
    launcher = find_process(os.getppid())
    total = _field(proc / "meminfo", "MemTotal:") * 1024
    # Where others live on the machine too, what they left free counts.
    machine = 1 - _field(proc / "meminfo", "MemAvailable:") * 1024 / total
    ours = bytes_of(launcher) / total if launcher is not None else 0.0
    return max(ours, machine if machine > _CROWDED else 0.0)


_CROWDED = 0.95


def bytes_of(root: Process) -> int:
    """What a tree of processes holds: shared pages in parts, where we may look, else without them."""
    return sum(_bytes(process.pid) for process in tree_of(root))


def _groups(cgroups: Path, proc: Path) -> list[Path]:
    """Ours and those around it, the innermost first: version 2 only, where one line says all."""
    for line in (proc / "self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            here = cgroups / line.removeprefix("0::/")
            return [here, *(parent for parent in here.parents if parent.is_relative_to(cgroups))]
    return []


def _share_of_group(group: Path) -> float | None:
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((group / "memory.current").read_text()) - _field(group / "memory.stat", "inactive_file")
        return max(used, 0) / int(limit)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _bytes(pid: int) -> int:
    with suppress(OSError, ValueError):
        return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * 1024
    with suppress(OSError, ValueError):  # another user's: resident without what is shared
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _field(file: Path, name: str) -> int:
    """Raises ValueError when it is not there."""
    for line in file.read_text().splitlines():
        words = line.split()
        if words and words[0] == name:
            return int(words[1])
    raise ValueError(name)
