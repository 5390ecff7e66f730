"""Watches the drop's folder and tells the function `drop` of what comes, as S3 does in the cloud.

A file is told of when it has been left alone for a moment and no program has it open for writing: a copy over a slow
line pauses for longer than anybody wants to wait. What a folder's watch misses, or came while nobody watched, a look
at all of it finds, at the start and every minute.
"""

import fcntl
import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from watchfiles import watch

from infra.local.faults import describe
from waypost.domain.drops import is_never_sent
from waypost.engines.embedded.drops import STATUS
from waypost.errors import WaypostError

log = logging.getLogger("waypost.drop")

SETTLE_SECONDS = 1.0
POLL_MS = 500  # how soon what has settled is told of, and a stop is noticed
LOOK_SECONDS = 60.0
_AT_ONCE = 200  # told of in one go, by name: the rest follows with the next

type _Seen = tuple[int, int, int]  # file number, size, time of change


class DropFolder:
    """`tell` gets a file's key, such as `drop/ses_…/+4915112345678/photo.jpg`; bytes that are no UTF-8 are escaped as
    Python does it."""

    def __init__(self, home: Path, tell: Callable[[str], None], *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._home = home
        self._folder = home / "drop"
        self._tell = tell
        self._settle = settle_seconds
        self._waiting: dict[Path, tuple[_Seen, float]] = {}  # and since when it has been so
        self._told: dict[Path, _Seen] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drop-folder", daemon=True)

    def start(self) -> None:
        self._made()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch()
            # No more watches to be had, or a name that is no UTF-8: a look at all of it finds what came.
            except (OSError, RuntimeError) as error:
                log.error("the drop could not be watched for a moment: %s", describe(error))
                self._look()
                self._offer()
                self._stopping.wait(SETTLE_SECONDS)

    def _made(self) -> os.stat_result:
        """The folder, which is made where somebody took it away."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder.stat()

    def _watch(self) -> None:
        """Until the folder is another: a watch sees nothing of one that was put in its place."""
        self._made()
        held = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)  # so that no other gets its number meanwhile
        try:
            self._watch_held(held)
        finally:
            os.close(held)

    def _watch_held(self, held: int) -> None:
        looked = 0.0
        changes = watch(
            self._folder,
            watch_filter=None,
            stop_event=self._stopping,
            rust_timeout=POLL_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
        )
        for changed in changes:
            if time.monotonic() - looked > LOOK_SECONDS:
                self._look()
                looked = time.monotonic()
            for _, name in changed:
                self._note(files_in(Path(name)))
            self._offer()
            if not os.path.samestat(os.fstat(held), self._made()):
                return

    def _look(self) -> None:
        for path in [path for path in self._told if seen(path) is None]:
            del self._told[path]
        self._note(files_in(self._folder))

    def _note(self, paths: Iterable[Path]) -> None:
        """What is noted together settles together, and is told of by name then."""
        since = time.monotonic()
        for path in paths:
            now = seen(path)
            if now is not None and self._told.get(path) != now and self._waiting.get(path, (None,))[0] != now:
                self._waiting[path] = (now, since)

    def _offer(self) -> None:
        """Tell of what has settled, in the order of names."""
        told, at = 0, time.monotonic()  # one time for all: else those that are looked at last would settle first
        for path in sorted(self._waiting):
            if told >= _AT_ONCE or self._stopping.is_set():
                return
            was, since = self._waiting[path]
            now = seen(path)
            if now is None:
                del self._waiting[path]
            elif now != was:
                self._waiting[path] = (now, time.monotonic())
            elif at - since >= self._settle and not is_being_written(path):
                if not self._told_of(path, now):
                    return
                told += 1

    def _told_of(self, path: Path, now: _Seen) -> bool:
        try:
            self._tell(str(path.relative_to(self._home)))
        except (WaypostError, OSError) as error:  # it stays on the list
            log.error("a dropped file could not be told of: %s", describe(error))
            return False
        del self._waiting[path]
        self._told[path] = now
        return True


def files_in(path: Path) -> Iterator[Path]:
    """The path itself, or all files of a folder and of those in it, but what is never sent. Links lead nowhere."""
    if path.is_symlink():
        return
    if not path.is_dir():
        if not is_never_sent(path.name) and not path.name.endswith(STATUS):
            yield path
        return
    for folder, _, names in path.walk(on_error=None, follow_symlinks=False):
        for name in names:
            yield from files_in(folder / name)


def seen(path: Path) -> _Seen | None:
    """None when there is no such file any more."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_ctime_ns) if stat.S_ISREG(found.st_mode) else None


def is_being_written(path: Path) -> bool:
    """Whether a program has it open for writing. Only the system knows: it gives no lease for reading then. Where it
    gives none at all (another's file, a network's), the file counts as written to its end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # Who opens it for writing meanwhile has us told by a signal. The usual one would end this process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
