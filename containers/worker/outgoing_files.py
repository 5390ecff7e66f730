"""Plain files on their way into a page: they lie on disk until the page has read them, which takes less than a second.

    {home}/outgoing/{session}/{random}

Only the worker may read them, and the session's browser where that has a user id of its own (`apart.py`): its group is
that of the profile, which the worker is in. A worker holds a lock on each of its own; what nobody holds was left by one
that died, and is removed by the next.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from containers.worker.vault.links import profile_folder


@contextmanager
def plain_file(home: Path, session: str, pieces: Iterable[bytes]) -> Iterator[Path]:
    """A file with these bytes, until the end of the block."""
    group = _group_of_browser(home, session)
    path = _folder(home, session, group) / uuid.uuid4().hex
    try:
        path.touch(mode=0o600, exist_ok=False)
        with path.open("wb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            for piece in pieces:
                out.write(piece)
            out.flush()
            if group is not None:
                os.fchown(out.fileno(), -1, group)
                os.fchmod(out.fileno(), 0o640)
            yield path
    finally:
        path.unlink(missing_ok=True)


def clear_outgoing(home: Path) -> None:
    """Remove what workers left that died. Before the first file of this one."""
    for path in (home / "outgoing").glob("*/*"):
        with suppress(OSError), path.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another worker's, when this fails
            path.unlink(missing_ok=True)


def forget_outgoing(home: Path, session: str) -> None:
    shutil.rmtree(home / "outgoing" / session, ignore_errors=True)


def _folder(home: Path, session: str, group: int | None) -> Path:
    outer, folder = home / "outgoing", home / "outgoing" / session
    outer.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if group is not None:
        outer.chmod(0o711)  # to go through, not to look
        os.chown(folder, -1, group)
        folder.chmod(0o710)
    return folder


def _group_of_browser(home: Path, session: str) -> int | None:
    """None: the browser runs as we do."""
    with suppress(OSError):
        of_profile = profile_folder(home, session).stat()
        if of_profile.st_uid != os.getuid():
            return of_profile.st_gid
    return None
