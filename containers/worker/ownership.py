"""Gives a folder with all that is in it to another user, with no right but CHOWN.

Root without its powers cannot look into a folder of mode 0700 that is somebody else's. So it takes each folder first,
reads it as its owner, and passes it on when everything within has been passed on. Links are never followed.
"""

import os
from pathlib import Path


def hand_over(folder: Path, user: int, *, only_folders: bool = False) -> None:
    """`folder` and what it holds belong to `user` and the group of that number after this. Raises OSError."""
    _hand_over(str(folder), None, user, only_folders)


def _hand_over(name: str, parent: int | None, user: int, only_folders: bool) -> None:
    os.chown(name, 0, 0, dir_fd=parent, follow_symlinks=False)
    here = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    _hand_over(entry.name, here, user, only_folders)
                elif not only_folders:
                    os.chown(entry.name, user, user, dir_fd=here, follow_symlinks=False)
        os.fchown(here, user, user)
    finally:
        os.close(here)
