"""The processes of a house by worker, and what tests do to them: kill, freeze, wake, cut off, ask to leave."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.house import House
from tests.prove.cuttable_worker import cut_file

_TRIES = 400


@dataclass(frozen=True)
class Crew:
    """One worker: its launcher, itself, Playwright's driver, and the browsers by session."""

    name: str
    launcher: int
    worker: int
    driver: int | None
    browsers: dict[str, int]

    @property
    def task(self) -> list[int]:
        """All of it, as a frozen machine would freeze it; renderers included."""
        return [self.launcher, *below(self.launcher)]


def crews(house: House) -> list[Crew]:
    """Of all workers that are complete at this moment."""
    found = []
    for name, part in (house.ask_again() or {"parts": {}})["parts"].items():
        if name.startswith("worker") and part["pid"] is not None:
            crew = _crew(house, name, part["pid"])
            if crew is not None:
                found.append(crew)
    return found


def owner_of(house: House, session: str) -> Crew | None:
    """Who runs the session's browser."""
    return next((crew for crew in crews(house) if session in crew.browsers), None)


def kill(*pids: int) -> None:
    _signal(signal.SIGKILL, pids)


def stop(*pids: int) -> None:
    _signal(signal.SIGTERM, pids)


def wake(*pids: int) -> None:
    _signal(signal.SIGCONT, pids)


def freeze(house: House, *pids: int) -> None:
    """SIGSTOP, but not in the moment of a commit: whoever is frozen then holds up every writer of this one file, which
    a table in the cloud knows nothing of."""
    for _ in range(_TRIES):
        _signal(signal.SIGSTOP, pids)
        if not _holders(house.home) & set(pids):
            return
        _signal(signal.SIGCONT, pids)
    raise AssertionError("the worker writes without a pause")


def cut_off(house: House, worker: int) -> None:
    path = cut_file(house.home, worker)
    path.parent.mkdir(exist_ok=True)
    path.touch()


def join_again(house: House, worker: int) -> None:
    cut_file(house.home, worker).unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    fields = _stat(pid)
    return fields is not None and fields[0] != "Z"


def below(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields is not None:
            parents.setdefault(int(fields[1]), []).append(pid)
    found = list(parents.get(root, []))
    for pid in found:
        found.extend(parents.get(pid, []))
    return found


def _crew(house: House, name: str, launcher: int) -> Crew | None:
    lines = {pid: _line(pid) for pid in below(launcher)}
    workers = [pid for pid, line in lines.items() if "worker" in line and "-m" in line and "launcher" not in line]
    if not workers:
        return None
    drivers = [pid for pid, line in lines.items() if "playwright/driver" in line]
    profiles = f"--user-data-dir={house.home}/profiles/"
    browsers = {
        word.removeprefix(profiles): pid
        for pid, line in lines.items()
        if "--type=" not in line and "berth.py" not in line and not line.startswith("/bin/sh")
        for word in line.split("\0")
        if word.startswith(profiles)
    }
    return Crew(name, launcher, workers[0], drivers[0] if drivers else None, browsers)


def _holders(home: Path) -> set[int]:
    """Who holds a lock on the engine's files, by `man 5 proc_locks`."""
    inodes = {str(path.stat().st_ino) for path in home.glob("waypost.*")}
    return {
        int(words[4])
        for words in (line.replace(" -> ", " ").split() for line in Path("/proc/locks").read_text().splitlines())
        if words[3] == "WRITE" and words[5].split(":")[2] in inodes
    }


def _signal(number: int, pids: tuple[int, ...]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return ""


def _stat(pid: int) -> list[str] | None:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return None
