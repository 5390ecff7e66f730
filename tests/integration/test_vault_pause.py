"""A browser stands still while its profile is copied, and goes on whatever becomes of who asked for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from containers.worker.launcher_book import Process
from containers.worker.processes import find_process
from containers.worker.vault.freezing import NotFrozen, frozen
from containers.worker.vault.links import copy_folder, link_profile, profile_folder, take_copy
from tests.integration.test_worker_launcher import launcher, one_line

# A "browser" of two processes with threads that write their heartbeats without a rest.
BROWSER = """
import os, sys, threading, time
def beat(name):
    with open(name, "w") as file:
        count = 0
        while True:
            count += 1
            file.seek(0)
            file.write(str(count))
            file.flush()
            time.sleep(0.002)
child = os.fork()
name = os.path.join(sys.argv[1], "child" if child == 0 else "parent")
for number in range(3):
    threading.Thread(target=beat, args=(f"{name}-{number}",), daemon=True).start()
if child:
    print("up", flush=True)
threading.Event().wait()
"""

# A worker that signs a browser in, asks for a copy, and freezes before it hears the answer.
WORKER = """
import json, os, signal, socket, subprocess, sys, time
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["WAYPOST_LAUNCHER"])
def ask(**request):
    line.sendall(json.dumps(request).encode() + b"\\n")
ask(do="deadline", session="ses_1", boottime=time.clock_gettime(time.CLOCK_BOOTTIME) + 600)
line.recv(100)
sign_in = "import json,os,socket,sys;l=socket.socket(socket.AF_UNIX);l.connect(os.environ['WAYPOST_LAUNCHER']);" \\
    "l.sendall(json.dumps({'do':'register','session':'ses_1','pid':os.getpid()}).encode()+b'\\\\n');l.recv(100);" \\
    "os.execv(sys.executable,[sys.executable,'-c',sys.argv[1],sys.argv[2]])"
browser = subprocess.Popen([sys.executable, "-c", sign_in, sys.argv[1], sys.argv[2]], stdout=subprocess.PIPE,
    start_new_session=True)
browser.stdout.readline()
print(browser.pid, flush=True)
ask(do="copy", session="ses_1")
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Process]:
    command = [sys.executable, "-c", BROWSER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            found = find_process(process.pid)
            assert found
            yield found
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def beats(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*-[0-9]"))}


def until(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def goes_on(folder: Path) -> None:
    until(lambda: len(beats(folder)) == 6, "all threads have begun")
    before = beats(folder)
    until(lambda: all(beats(folder)[name] != count for name, count in before.items()), "not all threads go on")


@contextmanager
def standing_still(folder: Path, browser: Process, longest_s: float) -> Iterator[None]:
    with frozen(browser, longest_s):
        before = beats(folder)
        time.sleep(0.05)  # longer than any of them needs for a beat
        assert beats(folder) == before
        yield


def test_every_thread_stands_still_within_and_goes_on_after(tmp_path: Path, browser: Process) -> None:
    goes_on(tmp_path)
    with standing_still(tmp_path, browser, 10):
        pass
    goes_on(tmp_path)


def test_the_watchdog_lets_it_go_on_and_the_copy_does_not_count(tmp_path: Path, browser: Process) -> None:
    with pytest.raises(NotFrozen), standing_still(tmp_path, browser, 1.0):
        goes_on(tmp_path)  # still within the block


def test_an_error_within_lets_it_go_on_too(tmp_path: Path, browser: Process) -> None:
    with pytest.raises(OSError, match="disk full"), standing_still(tmp_path, browser, 10):
        raise OSError("disk full")
    goes_on(tmp_path)


def test_a_browser_that_is_gone_cannot_be_copied(tmp_path: Path, browser: Process) -> None:
    os.killpg(browser.pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{browser.pid}/task").exists() or _is_zombie(browser.pid), "it is gone")
    with pytest.raises(NotFrozen):
        take_copy(browser, tmp_path, tmp_path / "copy")


def test_a_worker_that_freezes_after_asking_leaves_no_frozen_browser(tmp_path: Path) -> None:
    profile = profile_folder(tmp_path, "ses_1") / "Default"
    (profile / "IndexedDB").mkdir(parents=True)
    (profile / "Cookies").write_bytes(b"crumbs")
    with launcher(tmp_path, sys.executable, "-c", WORKER, BROWSER, str(tmp_path)) as process:
        browser = int(one_line(process))
        try:
            copied = copy_folder(tmp_path, "ses_1") / "Default" / "Cookies"
            until(lambda: copied.exists() and copied.read_bytes() == b"crumbs", "the launcher copied it")
            goes_on(tmp_path)
        finally:
            os.killpg(browser, signal.SIGKILL)  # it does not end with the launcher, as a real one would


def test_what_never_changes_is_linked_and_the_rest_copied(tmp_path: Path) -> None:
    database = tmp_path / "profile/Default/IndexedDB/x.indexeddb.leveldb"
    blob = tmp_path / "profile/Default/IndexedDB/x.indexeddb.blob/1/00/1"
    for path in (database / "000005.ldb", database / "000006.log", database / "LOCK", database / "LOG", blob):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    (tmp_path / "profile/Default/Cache").mkdir()
    (tmp_path / "profile/Default/Cookies").symlink_to("/etc/hostname")  # never followed out of the profile
    (tmp_path / "copy").mkdir()
    link_profile(tmp_path / "profile", tmp_path / "copy")
    copies = {
        str(p.relative_to(tmp_path / "copy/Default/IndexedDB")): p for p in tmp_path.glob("copy/**/*") if p.is_file()
    }
    assert sorted(copies) == [
        "x.indexeddb.blob/1/00/1", "x.indexeddb.leveldb/000005.ldb", "x.indexeddb.leveldb/000006.log",
    ]  # fmt: skip
    assert [path.stat().st_nlink for _, path in sorted(copies.items())] == [2, 2, 1]


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
