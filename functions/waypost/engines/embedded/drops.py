"""The Drops port on a folder that people see: `drop/` and `rejected/` in the house's home.

What became of `photo.jpg` is told in `photo.jpg.status.json` beside it. A version is the file's number, size and time
of change, which no program can set: a file that is copied anew is another one, with the same date and bytes, too.
Links are not followed, neither a file's nor a folder's: they could lead to what its owner may not read.
"""

import functools
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from waypost.errors import ConditionFailed, StorageError, ValidationError
from waypost.ports import Dropped

STATUS = ".status.json"
ROOTS = ("drop", "rejected")
_PIECE = 1024 * 1024
_LONGEST_NAME = 255  # bytes, of every file system that is used


def _without_names[**P, R](act: Callable[P, R]) -> Callable[P, R]:
    """The system's errors name the file, whose folder may be a number (P6)."""

    @functools.wraps(act)
    def told(*values: P.args, **named: P.kwargs) -> R:
        try:
            return act(*values, **named)
        except OSError as error:
            raise StorageError(f"the drop's folder: {error.strerror}") from None

    return told


class EmbeddedDrops:
    def __init__(self, home: Path) -> None:
        self._home = home

    def make(self) -> None:
        for name in ROOTS:
            (self._home / name).mkdir(mode=0o700, exist_ok=True)

    def look(self, key: str) -> Dropped | None:
        if key.endswith(STATUS):
            return None
        try:
            found = self._path(key).lstat()
        except (OSError, ValidationError):
            return None
        return _dropped(key, found) if stat.S_ISREG(found.st_mode) else None

    def read(self, dropped: Dropped) -> Iterator[bytes]:
        try:
            descriptor = os.open(self._path(dropped.key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except PermissionError:
            raise ValidationError(
                "The file cannot be read.", field="file", mend="Let Waypost's user read it.", code="drop_unreadable"
            ) from None
        except OSError:
            raise _changed() from None
        with os.fdopen(descriptor, "rb") as file:
            last = b""
            while piece := _without_names(file.read)(_PIECE):
                if last:
                    yield last
                last = piece
            if _dropped(dropped.key, os.fstat(descriptor)).version != dropped.version:
                raise _changed()
            yield last

    @_without_names
    def write(self, key: str, data: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{os.urandom(8).hex()}.tmp")
        draft.write_bytes(data)
        draft.replace(path)

    def tags(self, key: str) -> Mapping[str, str]:
        try:
            noted = json.loads(self._path(_beside(key, STATUS)).read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in noted.items()} if isinstance(noted, dict) else {}

    def tag(self, key: str, tags: Mapping[str, str]) -> None:
        if self._path(key).parent.is_dir():
            self.write(_beside(key, STATUS), (json.dumps(dict(tags), indent=2) + "\n").encode())

    @_without_names
    def move(self, dropped: Dropped, to: str) -> None:
        self._check(dropped)
        source, target = self._path(dropped.key), self._path(to)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            target.hardlink_to(source)  # a hard link, unlike a rename, fails when the name is taken
        except FileExistsError:
            raise ConditionFailed("does not hold: the place is free") from None
        except FileNotFoundError:
            raise _changed() from None
        source.unlink(missing_ok=True)
        self._forget_status(dropped.key)

    @_without_names
    def delete(self, dropped: Dropped) -> None:
        self._check(dropped)
        self._path(dropped.key).unlink(missing_ok=True)

    def let_go(self, dropped: Dropped) -> None:
        self.delete(dropped)

    @_without_names
    def empty(self, before_ms: int) -> int:
        return sum(self._empty(root, before_ms) for root in ROOTS)

    def _empty(self, root: str, before_ms: int) -> int:
        count, rejected = 0, root == "rejected"
        for folder, folders, names in (self._home / root).walk(top_down=False):
            for name in names:
                path = folder / name
                seen_to = rejected or name.endswith(STATUS) or _name_beside(name, STATUS) in names
                with suppress(FileNotFoundError):
                    if seen_to and path.lstat().st_ctime_ns // 1_000_000 < before_ms:
                        path.unlink()
                        count += 1
            if rejected and folders:
                self._remove_empty(folder, folders)
        return count

    def _remove_empty(self, folder: Path, folders: list[str]) -> None:
        for name in folders:
            with suppress(OSError):  # it is not empty, or no folder
                (folder / name).rmdir()

    def _forget_status(self, key: str) -> None:
        self._path(_beside(key, STATUS)).unlink(missing_ok=True)

    def _check(self, dropped: Dropped) -> None:
        found = self.look(dropped.key)
        if found is None or found.version != dropped.version:
            raise _changed()

    def _path(self, key: str) -> Path:
        """Raises ValidationError for what would lead out of the drop."""
        root, *parts = key.split("/")
        if root not in ROOTS or not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise ValidationError("a file of the drop lies below drop/ or rejected/", field="key")
        folder = self._home / root
        for part in parts[:-1]:
            folder = folder / part
            if folder.is_symlink():
                raise ValidationError("a folder of the drop is no link", field="key")
        return folder / parts[-1]


def _dropped(key: str, found: os.stat_result) -> Dropped:
    version = f"{found.st_ino:x}-{found.st_size:x}-{found.st_ctime_ns:x}"
    return Dropped(key, version, found.st_size, found.st_ctime_ns // 1_000_000)


def _beside(key: str, ending: str) -> str:
    folder, _, name = key.rpartition("/")
    return f"{folder}/{_name_beside(name, ending)}"


def _name_beside(name: str, ending: str) -> str:
    """A long name is cut: the ending must fit into what a file system takes."""
    while len(os.fsencode(name + ending)) > _LONGEST_NAME:
        name = name[:-1]
    return name + ending


def _changed() -> ConditionFailed:
    return ConditionFailed("does not hold: it is as it was seen")
