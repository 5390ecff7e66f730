"""Wakes long polls, in this process and in others, when a queue may have something to give.

Every process with waiters keeps one named pipe in the folder; whoever changed a queue writes the queue's number
into each pipe. Nothing polls: a process whose receivers all wait costs no processor time, and a wake-up takes as
long as a context switch. A bell is a hint: waiters look into the database before and after they sleep.
"""

import contextlib
import errno
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WORD = 8
_STOP = 0  # queues are numbered from 1
_READ = 65536  # a pipe's capacity
_NEARLY_FULL = _READ // 2  # beyond this a writer may have found the pipe full: wake everybody


class Doorbell:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}.bell"
        self._lock = threading.Lock()
        self._waiters: dict[int, set[threading.Event]] = {}
        self._thread: threading.Thread | None = None
        self._pipe = -1

    def ring(self, queue: int) -> None:
        """Tell everybody who listens to this queue. Call it after the commit."""
        self._wake(queue)
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  # on every send, and half the cost of iterdir
        except FileNotFoundError:
            return
        for name in names:
            if name != self._name and name.endswith(".bell"):
                _write(self._folder / name, queue)

    @contextmanager
    def listen(self, queue: int) -> Iterator[threading.Event]:
        """An event that is set when the queue's bell rings. Clear it, look, then wait: no ring is missed."""
        event = threading.Event()
        with self._lock:
            self._start()
            self._waiters.setdefault(queue, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                waiters = self._waiters[queue]
                waiters.discard(event)
                if not waiters:
                    del self._waiters[queue]

    def close(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        os.write(self._pipe, _STOP.to_bytes(_WORD))
        thread.join()
        (self._folder / self._name).unlink(missing_ok=True)
        os.close(self._pipe)

    def _start(self) -> None:
        if self._thread is not None:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        # It gets its name when it has a reader, because a pipe without one is taken for a dead process's.
        unnamed = self._folder / f"{self._name}.new"
        os.mkfifo(unnamed, 0o600)
        self._pipe = os.open(unnamed, os.O_RDWR)
        unnamed.rename(self._folder / self._name)
        self._thread = threading.Thread(target=self._attend, name="waypost-doorbell", daemon=True)
        self._thread.start()

    def _attend(self) -> None:
        while True:
            heard = os.read(self._pipe, _READ)
            queues = {int.from_bytes(heard[at : at + _WORD]) for at in range(0, len(heard), _WORD)}
            if _STOP in queues:
                return
            if len(heard) >= _NEARLY_FULL:
                with self._lock:
                    queues = set(self._waiters)
            for queue in queues:
                self._wake(queue)

    def _wake(self, queue: int) -> None:
        with self._lock:
            for event in self._waiters.get(queue, ()):
                event.set()


def _write(pipe: Path, queue: int) -> None:
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # no reader: its process was killed
            pipe.unlink(missing_ok=True)
        return
    try:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(descriptor, queue.to_bytes(_WORD))
    finally:
        os.close(descriptor)
