"""Where files wait on this machine until the cloud has them: sealed already, a folder of each session and each file.

    spool/{session}/{media}/0001 …   the parts, as they will be stored
                            small    the thumbnail
                            facts    what was measured of the file; written last: without it the rest is half a file

Folders are for the worker's user alone (0700, files 0600). What is half goes when the file is begun anew.
"""

import json
import os
import shutil
from pathlib import Path

from waypost.domain.received import FileFacts
from waypost.errors import Tampered
from waypost.services.receiving import opened_part, sealed_part

_FACTS = "facts"


def spool_folder(home: Path, session: str) -> Path:
    return home / "spool" / session


class Spool:
    """Of one session. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def waiting(self) -> list[str]:
        """The files that are here, whole or half."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def begin(self, media_id: str) -> None:
        """An empty place for a file."""
        self.drop(media_id)
        place = self._folder / media_id
        for folder in (self._folder.parent, self._folder, place):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, media_id: str, name: str, sealed: bytes) -> None:
        """Whole or not at all, under this name."""
        draft = self._folder / media_id / f".{name}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
        draft.replace(draft.with_name(name))

    def finish(self, media_id: str, secret: bytes, facts: FileFacts) -> None:
        plain = json.dumps(facts.as_json(), ensure_ascii=False).encode()
        self.keep(media_id, _FACTS, sealed_part(secret, media_id, _FACTS, plain))

    def facts(self, media_id: str, secret: bytes) -> FileFacts | None:
        """Of a whole file; None for half a one, or none."""
        try:
            plain = opened_part(secret, media_id, _FACTS, (self._folder / media_id / _FACTS).read_bytes())
        except (FileNotFoundError, Tampered):
            return None
        return FileFacts.from_json(json.loads(plain))

    def part(self, media_id: str, name: str) -> bytes:
        """Sealed. Raises FileNotFoundError."""
        return (self._folder / media_id / name).read_bytes()

    def drop(self, media_id: str) -> None:
        shutil.rmtree(self._folder / media_id, ignore_errors=True)
