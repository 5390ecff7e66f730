"""Copies the part of a profile that a login lives in, fast enough for a browser that stands still: what never changes
is linked, the rest is copied.

Standard library only: the launcher uses it, which may read the files of other users.
"""

import errno
import os
import shutil
from pathlib import Path

from containers.worker.launcher_book import Process
from containers.worker.vault.freezing import LONGEST_S, frozen

# browser-sessions.md, section 2, "Minimal set".
KEPT = ("IndexedDB", "Local Storage", "Service Worker", "Cookies", "Cookies-journal")
_LEFT_OUT = frozenset({"LOCK", "LOG", "LOG.old"})
_WRITTEN_ONCE = (".ldb", ".sst")
_BLOBS = ".indexeddb.blob"


def profile_folder(home: Path, session: str) -> Path:
    return home / "profiles" / session


def copy_folder(home: Path, session: str) -> Path:
    """On the profile's file system, so that files can be linked into it."""
    return home / "profiles" / f"{session}.copy"


def take_copy(browser: Process | None, profile: Path, into: Path, longest_s: float = LONGEST_S) -> float:
    """Copy a profile into a folder that is made anew, while its browser (None: it has none) stands still. Returns for
    how many milliseconds it did. Raises NotFrozen, OSError."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(mode=0o700, parents=True)
    if browser is None:
        link_profile(profile, into)
        return 0.0
    with frozen(browser, longest_s) as freeze:
        link_profile(profile, into)
    return freeze.milliseconds


def link_profile(profile: Path, into: Path) -> None:
    """Raises OSError. Written for speed: a browser stands still meanwhile."""
    target = into / "Default"
    target.mkdir(mode=0o700)
    with os.scandir(profile / "Default") as entries:
        for entry in entries:
            if entry.name in KEPT:
                _take(entry, f"{target}/{entry.name}", once=False)


def _take(source: "os.DirEntry[str]", target: str, *, once: bool) -> None:
    if source.is_dir(follow_symlinks=False):
        os.mkdir(target, 0o700)  # noqa: PTH102  # no Path an entry
        once = once or source.name.endswith(_BLOBS)
        with os.scandir(source.path) as entries:
            for entry in entries:
                _take(entry, f"{target}/{entry.name}", once=once)
    elif source.is_file(follow_symlinks=False) and source.name not in _LEFT_OUT:
        if once or source.name.endswith(_WRITTEN_ONCE):
            _link(source.path, target)
        else:
            shutil.copyfile(source.path, target)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as problem:
        if problem.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        shutil.copyfile(source, target)  # another file system, or one that does not link
