"""Which worker this is: on a machine that keeps its disk, the one that it was before it was killed.

An exclusive lock on a file proves that the incarnation before is gone, so its leases may be taken over at once. On a
fresh disk, as every Fargate task has, the identity is new and old leases have to run out.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

from waypost.domain.ids import is_id, make_id
from waypost.errors import Conflict

_WORKERS = 64  # of one machine


class Incarnation:
    """Holds the lock for as long as the process lives; several workers of a machine have a file each."""

    def __init__(self, folder: Path) -> None:
        """Raises Conflict `too_many_workers`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _first_free(folder)
        self.id = _read_or_make(self._file)


def _first_free(folder: Path) -> IO[str]:
    for number in range(_WORKERS):
        file = (folder / f"worker-{number}.lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file
    raise Conflict(f"More than {_WORKERS} workers run on this machine.", code="too_many_workers")


def _read_or_make(file: IO[str]) -> str:
    file.seek(0)
    text = file.read().strip()
    if is_id("wrk", text):
        return text
    fresh = make_id("wrk", os.urandom(16))
    file.truncate(0)
    file.write(fresh)
    file.flush()
    os.fsync(file.fileno())
    return fresh
