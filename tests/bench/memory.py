"""Memory of processes as the machine bears it: PSS of whole trees, shared pages counted once."""

import time
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.house import House, processes_of

CALM_SECONDS = 3.0


def megabytes(pids: Iterable[int]) -> float:
    """Of all these processes together. Who ended meanwhile counts nothing."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def tree(root: int) -> list[int]:
    """A process and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, left = [root], [root]
    while left:
        below = parents.get(left.pop(), [])
        found += below
        left += below
    return found


def worker_tree(house: House) -> list[int]:
    """The launcher, the worker, its driver and its browsers."""
    for pid in processes_of(house.home):
        if b"containers.worker.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return tree(pid)
    raise RuntimeError("no worker runs")


def calm_megabytes(house: House) -> float:
    time.sleep(CALM_SECONDS)
    return megabytes(worker_tree(house))
