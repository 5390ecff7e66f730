"""Stops a browser's processes for the moment in which its files are copied, and lets them go on whatever happens.

Standard library only: the launcher uses it, which may stop processes of other users. Linux only; reads /proc.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from containers.worker.launcher_book import Process
from containers.worker.processes import find_process, tree_of

LONGEST_S = 1.0  # a browser is never stopped for longer, whatever becomes of the copy
_STOPPED = frozenset("TtZX")


class NotFrozen(Exception):
    """The browser is gone, did not stop in time, or was let go before the work was done: the copy is worth nothing."""


class Freeze:
    """A tree of processes that is stopped. `milliseconds` is how long it was, once it is over."""

    def __init__(self, browser: Process) -> None:
        # Looked up before anything stops. Who is born meanwhile is a renderer, and has no file of the profile open.
        self._processes = tree_of(browser)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._over = False
        self.milliseconds = 0.0

    def stop(self, until: float) -> None:
        """Returns when every thread of it stands still. Raises NotFrozen at `until` of the monotonic clock."""
        with self._lock:
            if self._over or not self._processes:
                raise NotFrozen
            self._began = time.monotonic()
            for process in self._processes:
                self._signal(process, signal.SIGSTOP)
        _wait_still(self._processes, until)

    def resume(self) -> bool:
        """Let all go on; False when that was done before. Safe from any thread."""
        with self._lock:
            if self._over:
                return False
            self._over = True
            for process in self._processes:
                self._signal(process, signal.SIGCONT)
            self.milliseconds = (time.monotonic() - self._began) * 1000
            return True

    @staticmethod
    def _signal(process: Process, number: signal.Signals) -> None:
        if find_process(process.pid) == process:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)


@contextmanager
def frozen(browser: Process, longest_s: float = LONGEST_S) -> Iterator[Freeze]:
    """The browser stands still within the block, but goes on after `longest_s` even if the block does not end.

    Raises NotFrozen, also at the end of a block that took too long.
    """
    freeze = Freeze(browser)
    watchdog = threading.Timer(longest_s, freeze.resume)
    watchdog.daemon = True
    watchdog.start()
    try:
        freeze.stop(time.monotonic() + longest_s)
        yield freeze
    finally:
        watchdog.cancel()
        in_time = freeze.resume()
    if not in_time:
        raise NotFrozen


def _wait_still(processes: set[Process], until: float) -> None:
    left = set(processes)
    while left := {process for process in left if not _is_still(process.pid)}:
        if time.monotonic() > until:
            raise NotFrozen
        time.sleep(0.0005)


def _is_still(pid: int) -> bool:
    """A process that is gone stands still."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return True
    return all(_state(task) in _STOPPED for task in tasks)


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
