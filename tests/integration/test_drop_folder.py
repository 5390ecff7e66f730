"""The watcher of the drop's folder tells of whole files, each once, in the order of names, and misses none."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local import drop_folder
from infra.local.drop_folder import DropFolder, is_being_written
from tests.contract.harness import eventually
from waypost.errors import Throttled

CHAT = "drop/ses_0/+4915112345602"
SETTLE = 0.1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(drop_folder, "POLL_MS", 50)
    (tmp_path / CHAT).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def watched(home: Path) -> Iterator[Callable[..., list[str]]]:
    watchers: list[DropFolder] = []

    def begin(tell: Callable[[str], None] | None = None) -> list[str]:
        told: list[str] = []
        watchers.append(DropFolder(home, tell or told.append, settle_seconds=SETTLE))
        watchers[-1].start()
        return told

    yield begin
    for watcher in watchers:
        watcher.stop()


def test_what_lay_there_and_what_comes_is_told_of_once_by_name(home: Path, watched: Callable[..., list[str]]) -> None:
    for name in ("b.jpg", "a.jpg", ".DS_Store", "c.jpg.part", "a.jpg.status.json"):
        (home / CHAT / name).write_bytes(b"x")
    told = watched()
    assert eventually(lambda: list(told), lambda seen: len(seen) == 2) == [f"{CHAT}/a.jpg", f"{CHAT}/b.jpg"]
    (home / CHAT / "c.jpg.part").rename(home / CHAT / "c.jpg")  # what a browser does at the end of a download
    assert eventually(lambda: told[2:], bool) == [f"{CHAT}/c.jpg"]
    (home / CHAT / "a.jpg").write_bytes(b"y")
    assert eventually(lambda: told[3:], bool) == [f"{CHAT}/a.jpg"]


def test_a_folder_that_is_moved_in_is_told_of_with_all_its_files(home: Path, watched: Callable[..., list[str]]) -> None:
    told = watched()
    (home / "elsewhere/holiday/more").mkdir(parents=True)
    for name in ("holiday/1.jpg", "holiday/more/2.jpg"):
        (home / "elsewhere" / name).write_bytes(b"x")
    (home / "elsewhere/holiday").rename(home / CHAT / "holiday")
    seen = eventually(lambda: sorted(told), lambda seen: len(seen) == 2)
    assert seen == [f"{CHAT}/holiday/1.jpg", f"{CHAT}/holiday/more/2.jpg"]


def test_a_drop_that_was_removed_and_made_anew_is_watched_again(home: Path, watched: Callable[..., list[str]]) -> None:
    told = watched()
    (home / CHAT / "before.jpg").write_bytes(b"x")
    assert eventually(lambda: list(told), bool) == [f"{CHAT}/before.jpg"]
    shutil.rmtree(home / "drop")
    eventually((home / "drop").is_dir, bool)
    (home / CHAT).mkdir(parents=True, exist_ok=True)
    (home / CHAT / "one.jpg").write_bytes(b"x")
    assert eventually(lambda: told[1:], bool) == [f"{CHAT}/one.jpg"]
    (home / CHAT / "two.jpg").write_bytes(b"x")
    assert eventually(lambda: told[2:], bool) == [f"{CHAT}/two.jpg"]


def test_a_file_is_not_told_of_while_somebody_writes(home: Path, watched: Callable[..., list[str]]) -> None:
    told = watched()
    with (home / CHAT / "film.mp4").open("wb") as file:
        file.write(b"half")
        file.flush()
        (home / CHAT / "other.jpg").write_bytes(b"x")
        assert eventually(lambda: list(told), bool) == [f"{CHAT}/other.jpg"]
        (home / CHAT / "third.jpg").write_bytes(b"x")
        assert eventually(lambda: told[1:], bool) == [f"{CHAT}/third.jpg"]  # long after the first has settled
        assert is_being_written(home / CHAT / "film.mp4")
        file.write(b"whole")
    assert eventually(lambda: told[2:], bool) == [f"{CHAT}/film.mp4"]
    assert not is_being_written(home / CHAT / "film.mp4")


def test_links_are_not_followed(home: Path, watched: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/a.txt").write_text("x")
    (home / CHAT / "a.txt").symlink_to(tmp_path / "private/a.txt")
    (home / CHAT / "folder").symlink_to(tmp_path / "private")
    (home / CHAT / "z.txt").write_text("x")
    told = watched()
    assert eventually(lambda: list(told), bool) == [f"{CHAT}/z.txt"]


def test_what_could_not_be_told_of_is_told_of_later(home: Path, watched: Callable[..., list[str]]) -> None:
    told: list[str] = []
    refused = threading.Event()

    def tell(key: str) -> None:
        if not refused.is_set():
            refused.set()
            raise Throttled("the engine asks for patience")
        told.append(key)

    (home / CHAT / "a.jpg").write_bytes(b"x")
    watched(tell)
    assert eventually(lambda: list(told), bool) == [f"{CHAT}/a.jpg"]


def test_a_thousand_files_at_once_are_told_of_in_bounded_bites(home: Path, watched: Callable[..., list[str]]) -> None:
    for number in range(1000):
        (home / CHAT / f"{number:04}.txt").write_bytes(b"x")
    told = watched()
    seen = eventually(lambda: list(told), lambda seen: len(seen) == 1000, 20)
    assert seen == [f"{CHAT}/{number:04}.txt" for number in range(1000)]


def test_a_name_that_is_no_utf_8_keeps_its_bytes(home: Path, watched: Callable[..., list[str]]) -> None:
    told = watched()
    descriptor = os.open(os.fsencode(home / CHAT) + b"/caf\xe9.txt", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    assert eventually(lambda: list(told), bool) == [f"{CHAT}/caf\udce9.txt"]


def test_without_a_watch_everything_is_looked_at_again_and_again(
    home: Path, watched: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError("no more watches")

    monkeypatch.setattr(drop_folder, "watch", none_left)
    monkeypatch.setattr(drop_folder, "SETTLE_SECONDS", 0.05)
    told = watched()
    (home / CHAT / "a.jpg").write_bytes(b"x")
    assert eventually(lambda: list(told), bool) == [f"{CHAT}/a.jpg"]
