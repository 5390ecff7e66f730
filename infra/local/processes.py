"""Processes and their groups: which one is still the one that was started, and how to end all of a group."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """A process id alone may be somebody else's by now; with the time of its start it is not."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Identity":
        return cls(pid, _start_time(pid) or "gone")

    @classmethod
    def read(cls, document: Any) -> "Identity | None":
        """From state.json; None when it is not one."""
        match document:
            case {"pid": int(pid), "started": str(started)}:
                return cls(pid, started)
        return None

    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started


def end_group(leader: Identity, grace_seconds: float) -> None:
    """End the group that `leader` leads or led: SIGTERM, after the grace SIGKILL. What is gone is no error."""
    if _start_time(leader.pid) not in (leader.started, None):
        return  # somebody else has this process id now, so the group is gone
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 2.0)):
        if not _signal_group(leader.pid, number) or _is_gone_within(leader.pid, seconds):
            return


async def end(process: asyncio.subprocess.Process, grace_seconds: float) -> None:
    """End a child and all of its group, and reap it."""
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), grace_seconds)
    _signal_group(process.pid, signal.SIGKILL)  # the child, or whoever of its group outlived it
    await process.wait()


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _is_gone_within(group: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not _group_lives(group):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _group_lives(group: int) -> bool:
    """Whether anybody in it still runs. The dead whom nobody reaps, as in some containers, can still be signalled."""
    if not _signal_group(group, 0):
        return False
    if not Path("/proc/self/stat").exists():
        return True
    found = (_stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(fields is not None and fields[0] != "Z" and int(fields[2]) == group for fields in found)


def _stat(pid: int) -> list[str] | None:
    """State, parent, group and more, as proc(5) has them from the third field on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _start_time(pid: int) -> str | None:
    """When the process started, in the system's words; None when there is none, or it only waits to be reaped."""
    fields = _stat(pid)
    if fields is None:
        return None if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    return None if fields[0] == "Z" else fields[19]


def _start_time_by_ps(pid: int) -> str | None:
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
