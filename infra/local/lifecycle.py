"""The buckets' lifecycle of one machine: objects are deleted when their days are over, as S3 does by itself."""

import contextlib
import logging
import threading
import time
from pathlib import Path

from infra.blueprint import EXPIRIES
from infra.local.faults import describe

log = logging.getLogger("waypost.lifecycle")

_DAY = 24 * 3600
_EVERY_SECONDS = 3600.0


class Lifecycle:
    """Of the buckets in a home. `media_keep_days` is how long what comes in is kept."""

    def __init__(self, home: Path, media_keep_days: float) -> None:
        self._blobs = home / "blobs"
        self._keep_days = media_keep_days
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lifecycle", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def expire(self, now: float) -> int:
        """Delete what is over at `now`, unix seconds; returns how many objects."""
        gone = 0
        for expiry in EXPIRIES:
            before = now - (expiry.days or self._keep_days + 1) * _DAY
            for folder, _, names in (self._blobs / expiry.bucket / expiry.prefix).walk(top_down=False):
                here = sum(_delete_if_old(folder / name, before) for name in names)
                gone += here
                if here:  # not one that somebody makes for a new object just now
                    with contextlib.suppress(OSError):
                        folder.rmdir()  # only an empty one goes
        return gone

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                gone = self.expire(time.time())
            except OSError as error:
                log.error("objects could not be deleted: %s", describe(error))
            else:
                if gone:
                    log.info("%s objects were kept for their time", gone)
            self._stopping.wait(_EVERY_SECONDS)


def _delete_if_old(path: Path, before: float) -> bool:
    try:
        if path.stat().st_mtime >= before:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True
