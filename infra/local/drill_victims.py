"""Finds the processes of a worker by its name in the table, and ends them as a drill wants. Linux only."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.local.home import Home


@dataclass(frozen=True, slots=True)
class Victim:
    """`worker` is the worker's process, `launcher` its parent."""

    worker: int
    launcher: int

    def end(self, how: str) -> None:
        """kill: the worker dies at once. freeze: it stands still until `mend`. stop: it is asked to hand over."""
        pid, number = {
            "kill": (self.worker, signal.SIGKILL),
            "freeze": (self.worker, signal.SIGSTOP),
            "stop": (self.launcher, signal.SIGTERM),
        }[how]
        os.kill(pid, number)

    def mend(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGCONT)


def victim_of(home: Home, worker: str) -> Victim | None:
    """By the lock that a worker holds as long as it lives; the lock's file bears its name."""
    for file in (home.path / "run").glob("worker-*.lock"):
        if file.read_text(errors="replace").strip() == worker:
            pid = _holder(file)
            return None if pid is None else Victim(pid, _parent(pid))
    return None


def _holder(file: Path) -> int | None:
    """`man 5 proc_locks`: … FLOCK ADVISORY WRITE pid major:minor:inode …"""
    inode = str(file.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode:
            return int(words[4])
    return None


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
