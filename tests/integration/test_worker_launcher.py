"""The launcher as a process: it kills browsers at their deadline, whatever became of the worker."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from containers.worker.launcher import boot_seconds
from containers.worker.launcher_book import Process
from containers.worker.processes import find_process, is_alive
from tests.integration.simulator_driver import ROOT, until
from tests.integration.worker_driver import browser_pids, children_of

# A worker that holds one lease, starts one browser, says so, and waits.
WORKER = """
import asyncio, os, sys, time
from pathlib import Path
from playwright.async_api import async_playwright
from containers.worker.browser import Place, launch
from containers.worker.fence import Fence
from containers.worker.identity import Identity

async def main(folder, lease):
    fence = Fence(os.environ["WAYPOST_LAUNCHER"])
    await fence.extend("ses_1", time.clock_gettime(time.CLOCK_BOOTTIME) + 600)
    async with async_playwright() as playwright:
        await launch(playwright, Place("ses_1", folder / "profile", folder / "run"), Identity(), "http://127.0.0.1/")
        await fence.extend("ses_1", time.clock_gettime(time.CLOCK_BOOTTIME) + lease)
        print(os.getpid(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
"""


PROMISE_S = 1.0  # as the launcher says of a task that stood still as a whole
SLOW_MACHINE_S = 9.0


@contextmanager
def launcher(home: Path, *worker: str) -> Iterator[subprocess.Popen[str]]:
    """The launcher as a process of ours; what is left of it at the end is killed."""
    command = [sys.executable, "-m", "containers.worker.launcher", "--", *worker]
    environment = {**os.environ, "WAYPOST_HOME": str(home), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def one_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def until_true(look: Callable[[], object], what: str) -> None:
    async def ask() -> object:
        return look()

    await until(ask, what=what)


def whole_browser(profile: Path) -> list[Process]:
    browser = browser_pids(profile)[0]
    tree = [find_process(pid) for pid in (browser, *children_of(browser))]
    assert len(tree) > 1, "a browser has a renderer"
    return [process for process in tree if process is not None]


async def test_a_frozen_worker_loses_its_browser_at_the_deadline(tmp_path: Path) -> None:
    lease = 4.0
    started = boot_seconds()
    with launcher(tmp_path, sys.executable, "-c", WORKER, str(tmp_path), str(lease)) as process:
        worker = int(await asyncio.to_thread(one_line, process))
        os.kill(worker, signal.SIGSTOP)
        os.kill(children_of(worker)[0], signal.SIGSTOP)  # Playwright's driver
        tree = whole_browser(tmp_path / "profile")
        await until_true(lambda: not any(map(is_alive, tree)), "something of the browser outlived its lease")
        assert boot_seconds() - started >= lease
        assert process.poll() is None
        os.kill(worker, signal.SIGKILL)
        assert await asyncio.to_thread(process.wait, 20) == 128 + signal.SIGKILL


async def test_when_all_stood_still_the_browser_ends_as_soon_as_its_launcher_wakes(tmp_path: Path) -> None:
    lease = 3.0
    with launcher(tmp_path, sys.executable, "-c", WORKER, str(tmp_path), str(lease)) as process:
        worker = int(await asyncio.to_thread(one_line, process))
        deadline = boot_seconds() + lease  # or a moment before
        tree = whole_browser(tmp_path / "profile")
        everybody = [process.pid, worker, *children_of(worker), *(one.pid for one in tree)]
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        await until_true(lambda: boot_seconds() > deadline + 0.5, "time passes")
        assert all(map(is_alive, tree)), "a frozen launcher ends nobody"
        for pid in reversed(everybody):  # the browser first, its fence last
            os.kill(pid, signal.SIGCONT)
        woken = time.monotonic()
        await until_true(lambda: not any(map(is_alive, tree)), "the browser outlived the wake of its launcher")
        assert time.monotonic() - woken < PROMISE_S + SLOW_MACHINE_S
        os.kill(worker, signal.SIGKILL)
        assert await asyncio.to_thread(process.wait, 20) == 128 + signal.SIGKILL


async def test_a_killed_worker_takes_its_browser_along(tmp_path: Path) -> None:
    with launcher(tmp_path, sys.executable, "-c", WORKER, str(tmp_path), "600") as process:
        worker = int(await asyncio.to_thread(one_line, process))
        driver = find_process(children_of(worker)[0])
        assert driver
        os.kill(driver.pid, signal.SIGSTOP)  # so that nobody but the launcher can end the browser
        tree = whole_browser(tmp_path / "profile")
        os.kill(worker, signal.SIGKILL)
        assert await asyncio.to_thread(process.wait, 20) == 128 + signal.SIGKILL
        assert not any(map(is_alive, [*tree, driver]))


async def test_sigterm_reaches_the_worker_whose_code_is_ours(tmp_path: Path) -> None:
    polite = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); signal.pause()"
    with launcher(tmp_path, sys.executable, "-c", polite) as process:
        assert await asyncio.to_thread(one_line, process) == "up"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 7


async def test_only_a_process_itself_can_sign_in(tmp_path: Path) -> None:
    tell = "import os, signal; print(os.environ['WAYPOST_LAUNCHER'], flush=True); signal.pause()"
    with launcher(tmp_path, sys.executable, "-c", tell) as process:
        path = Path(await asyncio.to_thread(one_line, process))
        assert mode_of(path) == 0o600
        assert mode_of(path.parent) == 0o700

        def ask(**request: object) -> bool:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(10)
                line.connect(str(path))
                line.sendall(json.dumps(request).encode() + b"\n")
                return line.makefile().readline().strip() == '{"ok": true}'

        assert not ask(do="register", session="ses_1", pid=process.pid)
        assert not ask(do="nonsense")
        assert ask(do="deadline", session="ses_1", boottime=time.clock_gettime(time.CLOCK_BOOTTIME) + 600)
        assert process.poll() is None
