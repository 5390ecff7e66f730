"""Browsers under user ids of their own, for real: as root, in a view of the machine where all may read Python."""

import asyncio
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.simulator_driver import ROOT

WORKER_USER, FIRST, LAST = 20001, 20100, 20109

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes as somebody else")

# Starts two browsers, one a session, and does what it is told, line by line.
WORKER = """
import asyncio, json, os, sys, time
from pathlib import Path
from playwright.async_api import async_playwright
from containers.worker.browser import Place, launch
from containers.worker.fence import Fence
from containers.worker.identity import Identity
from containers.worker.outgoing_files import plain_file

async def main(home, chromium):
    fence = Fence(os.environ["WAYPOST_LAUNCHER"])
    browsers = {}
    async with async_playwright() as playwright:
        while line := await asyncio.to_thread(sys.stdin.readline):
            words = line.split()
            try:
                print(json.dumps(await do(words, home, chromium, fence, playwright, browsers)), flush=True)
            except Exception as error:
                print(json.dumps({"error": type(error).__name__ + ": " + str(error)}), flush=True)

async def do(words, home, chromium, fence, playwright, browsers):
    match words:
        case ["launch", session]:
            await fence.evict(session)
            await fence.extend(session, time.clock_gettime(time.CLOCK_BOOTTIME) + 600)
            place = Place(session, home / "profiles" / session, home / "run" / session)
            browsers[session] = await launch(playwright, place, Identity(chromium=chromium), "http://127.0.0.1/")
            return await browsers[session].context.pages[0].evaluate("1 + 1")
        case ["list", session]:
            return sorted(os.listdir(home / "profiles" / session))
        case ["copy", session]:
            paused = await fence.copy_profile(session)
            copy = home / "profiles" / (session + ".copy")
            files = [path for path in copy.rglob("*") if path.is_file()]
            read = sum(len(path.read_bytes()) for path in files)
            import shutil; shutil.rmtree(copy)
            return [paused, len(files), read]
        case ["file", session]:
            page = browsers[session].context.pages[0]
            cdp = await browsers[session].context.new_cdp_session(page)
            with plain_file(home, session, [b"what is ", b"sent"]) as path:
                expression = "window.given = Object.assign(document.createElement('input'), {type: 'file'})"
                found = await cdp.send("Runtime.evaluate", {"expression": expression})
                named = {"files": [str(path)], "objectId": found["result"]["objectId"]}
                await cdp.send("DOM.setFileInputFiles", named)
                facts = path.stat()
                return [await page.evaluate("given.files[0].text()"), facts.st_mode & 0o777, facts.st_gid, str(path)]
        case ["stop", session]:
            await browsers.pop(session).stop()
            return "stopped"
        case ["crash", session]:
            os.kill(int((home / "profiles" / (session + ".lock")).read_text()), 9)
            return "killed"
        case ["who"]:
            return [os.getuid(), Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0]]

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def _open_view(home: Path) -> str:
    """A script that shows Python and the checkout open to all, where they lie in a folder of somebody's own, and then
    becomes its arguments: a user without rights could not start anything there."""
    hidden = {path: folder for path in (Path(sys.base_prefix), ROOT) if (folder := _closed_above(path)) is not None}
    lines = ["set -e", "mount --make-rprivate /"]
    views = {path: home / f"view-{number}" for number, path in enumerate(hidden)}
    for path, view in views.items():
        lines += [shlex.join(["mkdir", str(view)]), shlex.join(["mount", "--bind", str(path), str(view)])]
    for folder in set(hidden.values()):
        lines.append(shlex.join(["mount", "-t", "tmpfs", "-o", "mode=755", "none", str(folder)]))
    for path, view in views.items():
        lines += [shlex.join(["mkdir", "-p", str(path)]), shlex.join(["mount", "--move", str(view), str(path)])]
    return "\n".join([*lines, shlex.join(["cd", str(ROOT)]), 'exec "$@"'])


def _closed_above(path: Path) -> Path | None:
    """The topmost folder above that others may not enter."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & stat.S_IXOTH), None)


class Told:
    """A worker below a launcher, which does what a test says."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        self._process = process
        self.home = home

    def do(self, *words: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline() or '"nothing"')

    def browser_of(self, session: str) -> int:
        """The main process: of its session's processes the one without a type."""
        word = f"--user-data-dir={self.home}/profiles/{session}".encode()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
                if word in words and b"headless" in words[0] and not any(one.startswith(b"--type") for one in words):
                    return int(entry.name)
        raise AssertionError("no such browser")


@pytest.fixture
def told() -> Iterator[Told]:
    with _home() as home:
        command = [sys.executable, "-m", "containers.worker.launcher", "--", sys.executable, "-c", WORKER, str(home),
                   os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")]  # fmt: skip
        with subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _open_view(home), "sh", *command],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "WAYPOST_HOME": str(home), "WAYPOST_USERS": f"{WORKER_USER}:{FIRST}-{LAST}",
                 "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}", "HOME": "/nonexistent"},
        ) as process:  # fmt: skip
            try:
                yield Told(process, home)
            finally:
                process.terminate()
                process.wait(30)


@contextmanager
def _home() -> Iterator[Path]:
    """Not below pytest's folder, which is root's alone."""
    home = Path(subprocess.check_output(["mktemp", "-d", "/tmp/waypost-apart-XXXXXX"], text=True).strip())
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def field(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(name + ":"))


async def test_each_session_has_a_user_of_its_own_and_cannot_see_the_others(told: Told) -> None:
    def story() -> None:
        assert told.do("who") == [WORKER_USER, "0" * 16], "the worker has rights of root"
        assert told.do("launch", "ses_1") == 2
        assert told.do("launch", "ses_2") == 2
        first, second = told.browser_of("ses_1"), told.browser_of("ses_2")
        users = {user_of(first), user_of(second)}
        assert len(users) == 2
        assert users <= set(range(FIRST, LAST + 1))
        assert field(first, "CapEff") == "0" * 16
        assert field(first, "NoNewPrivs") == "1"
        assert int(field(launcher_of(first), "CapEff"), 16) == 0b11100001  # CHOWN, KILL, SETGID, SETUID

        profile = told.home / "profiles" / "ses_2"
        assert profile.stat().st_uid == user_of(second)
        assert profile.stat().st_mode & 0o777 == 0o700
        look = subprocess.run(
            ["setpriv", f"--reuid={user_of(first)}", f"--regid={user_of(first)}", "--clear-groups", "ls", str(profile)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Permission denied" in look.stderr
        assert "PermissionError" in told.do("list", "ses_2")["error"], "the worker looks into a running profile"

        paused, files, read = told.do("copy", "ses_1")
        assert paused > 0
        assert files > 0
        assert read > 0

        text, mode, group, path = told.do("file", "ses_1")
        assert (text, mode, group) == ("what is sent", 0o640, user_of(first)), "a file for a page that only it can read"
        assert not Path(path).exists()

        assert told.do("stop", "ses_1") == "stopped"
        assert told.do("list", "ses_1"), "a stopped browser's profile is the worker's again"
        assert told.do("crash", "ses_2") == "killed"
        assert told.do("launch", "ses_2") == 2, "after a crash it starts anew, as the same user"
        assert user_of(told.browser_of("ses_2")) in users

    await asyncio.to_thread(story)


def launcher_of(browser: int) -> int:
    return int(field(browser, "PPid"))
