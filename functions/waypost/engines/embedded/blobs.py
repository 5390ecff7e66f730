"""The Blobs port on a folder: one file an object, written whole or not at all.

Key `a/b` is the file `a/=b`: folders never begin with `=`, so the keys `a` and `a/b` can both exist, as in S3.
"""

import contextlib
import hashlib
import os
import uuid
from pathlib import Path
from urllib.parse import quote, unquote

from waypost.errors import ConditionFailed, NotFound, ValidationError

MAX_KEY_BYTES = 1024  # S3
MAX_PART_BYTES = 240  # a file system's 255, less our mark


class EmbeddedBlobs:
    def __init__(self, folder: Path, incoming: Path) -> None:
        self._folder = folder
        self._incoming = incoming  # on the same file system, so that a rename is atomic

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str:
        target = self._path(key)
        temporary = self._incoming / uuid.uuid4().hex
        try:
            _write_durably(temporary, data)
            target.parent.mkdir(parents=True, exist_ok=True)
            if if_absent:
                _link(temporary, target)
            else:
                temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        self._sync_folders(target.parent)
        return hashlib.sha256(data).hexdigest()

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound("there is no such object", field="key") from None

    def delete(self, key: str) -> None:
        """Like S3, it does not mind when there is no such object."""
        with contextlib.suppress(FileNotFoundError):
            self._path(key).unlink()

    def list(self, prefix: str) -> list[str]:
        start = self._folder.joinpath(*map(_quoted, prefix.split("/")[:-1]))
        found = [_key(Path(folder, name), self._folder) for folder, _, names in start.walk() for name in names]
        return sorted(key for key in found if key.startswith(prefix))

    def _path(self, key: str) -> Path:
        *folders, name = [_quoted(part) for part in key.split("/")]
        if len(key.encode(errors="replace")) > MAX_KEY_BYTES:
            raise ValidationError(f"an object's key is longer than {MAX_KEY_BYTES} bytes", field="key")
        return self._folder.joinpath(*folders, f"={name}")

    def _sync_folders(self, folder: Path) -> None:
        """A new name is durable when its folder is, and a new folder when the one above is."""
        while True:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder == self._folder:
                return
            folder = folder.parent


def _quoted(part: str) -> str:
    try:
        name = quote(part, safe="")
    except UnicodeEncodeError:
        name = ""
    if part in ("", ".", "..") or not 0 < len(name) <= MAX_PART_BYTES:
        raise ValidationError("an object's key has an empty, relative or overlong part", field="key")
    return name


def _key(path: Path, folder: Path) -> str:
    *folders, name = path.relative_to(folder).parts
    return "/".join(unquote(part) for part in (*folders, name.removeprefix("=")))


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _link(temporary: Path, target: Path) -> None:
    """A hard link, unlike a rename, fails when the name is taken."""
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise ConditionFailed("does not hold: the key is free") from None
