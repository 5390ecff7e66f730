"""What a copy of a profile is worth: whether its databases are whole, how much they hold, which files go into a backup.

Works on a copied folder, on a restored one, and on the profile itself while no browser runs on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from containers.worker.vault.leveldb import Torn, databases_in, is_database, verify
from containers.worker.vault.links import KEPT

_TABLES = (".ldb", ".sst")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`files` by their path within the profile. `torn` names the file that is missing or wrong, None: all is whole.
    `data_bytes` is the size of the page's databases."""

    folder: Path
    files: dict[str, Path]
    data_bytes: int
    torn: str | None = None


def inspect(folder: Path) -> Snapshot:
    """Reads the manifests of all databases; a table that none names is left out. Raises OSError."""
    live: dict[Path, set[int]] = {}
    torn = None
    for database in databases_in(folder / "Default"):
        try:
            live[database] = set(verify(database).tables)
        except Torn as problem:
            torn = torn or f"{database.relative_to(folder)}/{problem}"
    files = {str(path.relative_to(folder)): path for path in _files(folder) if _is_live(path, live)}
    data_bytes = sum(path.stat().st_size for name, path in files.items() if name.startswith("Default/IndexedDB/"))
    return Snapshot(folder, files, data_bytes, torn)


def has_login(profile: Path) -> bool:
    """Whether a page has ever kept anything there."""
    return any(is_database(path) for path in (profile / "Default" / "IndexedDB").glob("*"))


def _files(folder: Path) -> Iterator[Path]:
    for name in KEPT:
        top = folder / "Default" / name
        if top.is_file():
            yield top
        for path, _, names in top.walk():
            yield from (path / file for file in sorted(names) if file not in ("LOCK", "LOG", "LOG.old"))


def _is_live(path: Path, live: dict[Path, set[int]]) -> bool:
    if path.suffix not in _TABLES or path.parent not in live:
        return True
    return path.stem.isdigit() and int(path.stem) in live[path.parent]
