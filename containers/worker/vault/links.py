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
    """Raises OSError."""
    source = profile / "Default"
    for name in KEPT:
        _take(source / name, into / "Default" / name, once=False)


def _take(source: Path, target: Path, *, once: bool) -> None:
    if source.is_symlink() or source.name in _LEFT_OUT:
        return
    if source.is_dir():
        target.mkdir(mode=0o700, parents=True)
        once = once or source.name.endswith(_BLOBS)
        for entry in os.scandir(source):
            _take(source / entry.name, target / entry.name, once=once)
    elif source.is_file():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if once or source.suffix in _WRITTEN_ONCE:
            _link(source, target)
        else:
            shutil.copyfile(source, target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as problem:
        if problem.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        shutil.copyfile(source, target)  # another file system, or one that does not link
