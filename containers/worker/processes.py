"""Finds and kills whole trees of processes, and adopts orphans. Linux only; reads /proc."""

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from containers.worker.launcher_book import Process

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 100  # a tree that still forks is scanned again


@dataclass(frozen=True, slots=True)
class Entry:
    pid: int
    state: str
    parent: int
    group: int
    session: int
    started: int


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, as pid 1 is anyway."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def find_process(pid: int) -> Process | None:
    entry = _read(pid)
    return None if entry is None else Process(entry.pid, entry.started)


def is_alive(process: Process) -> bool:
    entry = _read(process.pid)
    return entry is not None and entry.started == process.started and entry.state != "Z"


def tree_of(root: Process) -> set[Process]:
    """The living processes of a tree, with all of its process group and session."""
    return {Process(entry.pid, entry.started) for entry in _tree(root)}


def kill_tree(root: Process) -> None:
    """SIGKILL a process, its descendants, and all of its process group and session, until none is left."""
    for _ in range(_ROUNDS):
        members = _tree(root)
        if not members:
            return
        for entry in members:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(entry.pid, signal.SIGKILL)


def processes_with(word: str) -> list[Process]:
    """Those on whose command line the word stands."""
    found = []
    for entry in _all():
        try:
            line = Path(f"/proc/{entry.pid}/cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in line.split(b"\0"):
            found.append(Process(entry.pid, entry.started))
    return found


def kill_descendants() -> None:
    """SIGKILL every process below this one."""
    for _ in range(_ROUNDS):
        members = [entry for entry in _below({os.getpid()}, list(_all())) if entry.state != "Z"]
        if not members:
            return
        for entry in members:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(entry.pid, signal.SIGKILL)


def _tree(root: Process) -> list[Entry]:
    """Living members. The kernel does not give a pid away while a group or session still bears it."""
    entries = list(_all())
    if any(entry.pid == root.pid and entry.started != root.started for entry in entries):
        return []
    kin = {e.pid for e in entries if root.pid in (e.pid, e.group, e.session)}
    below = {entry.pid for entry in _below(kin, entries)}
    return [entry for entry in entries if entry.pid in kin | below and entry.state != "Z"]


def _below(roots: set[int], entries: list[Entry]) -> list[Entry]:
    known, found = set(roots), [entry for entry in entries if entry.parent in roots and entry.pid not in roots]
    while new := [entry for entry in found if entry.pid not in known]:
        known |= {entry.pid for entry in new}
        found += [entry for entry in entries if entry.parent in {e.pid for e in new} and entry.pid not in known]
    return found


def _all() -> Iterator[Entry]:
    for name in os.listdir("/proc"):  # noqa: PTH208  # a Path per process would cost more than the reading
        if name.isdigit() and (entry := _read(int(name))):
            yield entry


def _read(pid: int) -> Entry | None:
    """`man 5 proc_pid_stat`: the command stands in brackets and may hold anything, so fields count after it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return Entry(pid, fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))
