"""Browsers under user ids of their own (decision 3): what a root launcher does beside what any launcher does.

A profile belongs to the worker while no browser runs on it, so that the vault can check and restore it, and to its
session's user while one does. Nobody else can look into it then, not even the worker: copies are made by a process of
that user, and the worker may read those. Standard library only.
"""

import asyncio
import json
import os
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from containers.worker import boarding
from containers.worker.launcher_book import Process
from containers.worker.ownership import hand_over
from containers.worker.processes import find_process, kill_tree
from containers.worker.users import Seats, Users
from containers.worker.vault.freezing import NotFrozen, frozen
from containers.worker.vault.links import copy_folder, profile_folder

ROOT = Path(__file__).resolve().parents[2]
_FILES = 6
_REQUEST_BYTES = 65536
_ANSWER_S = 5.0
_COPY_S = 30.0


@dataclass(frozen=True, slots=True)
class Passenger:
    """A browser that wants to start: what a berth said and the files that it handed over."""

    session: str
    arguments: list[str]
    environment: dict[str, str]
    files: list[int]


class Apart:
    """`chromium` is the only program that is started for a session."""

    def __init__(self, users: Users, home: Path, chromium: str) -> None:
        self.users = users
        self._home = home
        self._chromium = chromium
        self._seats = Seats(users)
        self._carrying: set[asyncio.Task[None]] = set()
        self._aboard: dict[str, asyncio.Task[None]] = {}
        self._exits: dict[int, asyncio.Future[int]] = {}

    def prepare(self) -> None:
        """While we still have all rights of root: folders in which worker and launcher work side by side."""
        for folder, mode in ((self._home, 0o771), (self._home / "run", 0o770), (self._home / "profiles", 0o771)):
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, 0, self.users.worker)
            folder.chmod(mode)

    def admit(self, connection: socket.socket, register: Callable[[str, Process], bool]) -> None:
        """A berth at the door. `register` says whether the session's lease lets a browser start."""
        task = asyncio.get_running_loop().create_task(self._carry(connection, register))
        self._carrying.add(task)
        task.add_done_callback(self._forget)

    def ended(self, pid: int, status: int) -> None:
        """A child of ours ended; it may have been a browser."""
        waiting = self._exits.pop(pid, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(os.waitstatus_to_exitcode(status))

    async def clear(self, session: str) -> None:
        """After its browsers were killed: wait until the profile belongs to the worker."""
        task = self._aboard.get(session)
        if task is not None:
            await asyncio.wait({task})
        profile = profile_folder(self._home, session)
        if profile.is_dir() and profile.stat().st_uid != self.users.worker:
            await asyncio.to_thread(hand_over, profile, self.users.worker)  # left by a launcher that was killed

    def copy(self, session: str, browser: Process | None) -> float:
        """As `vault/links.take_copy`. Raises NotFrozen, OSError."""
        profile, into = profile_folder(self._home, session), copy_folder(self._home, session)
        user = profile.stat().st_uid
        if into.exists():
            hand_over(into, 0, only_folders=True)
            shutil.rmtree(into)
        into.mkdir(mode=0o750)
        os.chown(into, user, user)
        paused_ms = _copy_as(user, profile, into, browser)
        hand_over(into, self.users.worker, only_folders=True)
        return paused_ms

    async def _carry(self, connection: socket.socket, register: Callable[[str, Process], bool]) -> None:
        """One browser from its start to its end; the berth hears of the end, and its own end is the browser's."""
        with connection:
            passenger = await asyncio.to_thread(_receive, connection, self._chromium)
            if passenger is None:
                return
            await self._take_place(passenger.session)
            profile = profile_folder(self._home, passenger.session)
            try:
                user = self._seats.of(passenger.session, self._aboard)
                await asyncio.to_thread(hand_over, profile, user)
                code = await self._run(passenger, user, connection, register)
            finally:
                for one in passenger.files:
                    os.close(one)
                await asyncio.to_thread(hand_over, profile, self.users.worker)
            connection.send(json.dumps({"exit": code}).encode() + b"\n")

    async def _take_place(self, session: str) -> None:
        """A profile changes hands only when the browser before has left."""
        former, task = self._aboard.get(session), asyncio.current_task()
        assert task is not None
        self._aboard[session] = task
        task.add_done_callback(lambda done: self._leave(session, done))
        if former is not None:
            await asyncio.wait({former})

    async def _run(
        self, passenger: Passenger, user: int, connection: socket.socket, register: Callable[[str, Process], bool]
    ) -> int:
        browser = _board(passenger, user, self._chromium)
        loop = asyncio.get_running_loop()
        ended = self._exits[browser.pid] = loop.create_future()
        if not register(passenger.session, browser):
            kill_tree(browser)

        def berth_ended() -> None:
            """It says nothing more, so what can be read is its end."""
            loop.remove_reader(connection)
            kill_tree(browser)

        loop.add_reader(connection, berth_ended)
        try:
            code: int = await ended
            return code
        finally:
            loop.remove_reader(connection)
            kill_tree(browser)  # renderers may outlive it for a moment

    def _leave(self, session: str, task: asyncio.Task[None]) -> None:
        if self._aboard.get(session) is task:
            del self._aboard[session]

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._carrying.discard(task)
        if not task.cancelled() and task.exception() is not None:
            kind = type(task.exception()).__name__
            sys.stderr.write(json.dumps({"event": "browser_not_boarded", "kind": kind}) + "\n")


def _receive(connection: socket.socket, chromium: str) -> Passenger | None:
    """None for what is no request of ours."""
    connection.settimeout(_ANSWER_S)
    try:
        said, files, _, _ = socket.recv_fds(connection, _REQUEST_BYTES, _FILES)
        while said and not said.endswith(b"\n"):
            said += connection.recv(_REQUEST_BYTES)
        wanted = json.loads(said)
        if len(files) == _FILES and wanted["chromium"] == chromium and "/" not in wanted["session"]:
            return Passenger(wanted["session"], wanted["arguments"], wanted["environment"], list(files))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    for one in files:
        os.close(one)
    return None


def _board(passenger: Passenger, user: int, chromium: str) -> Process:
    words = [sys.executable, "-SI", boarding.__file__, str(user), ",".join(map(str, passenger.files)), chromium]
    child = subprocess.Popen(
        [*words, *passenger.arguments],
        pass_fds=passenger.files,
        env=passenger.environment,
        start_new_session=True,
    )
    child.returncode = 0  # waited for in the launcher's one place
    return find_process(child.pid) or Process(child.pid, 0)


def _copy_as(user: int, profile: Path, into: Path, browser: Process | None) -> float:
    copier = subprocess.Popen(
        [sys.executable, "-S", "-m", "containers.worker.copying", str(profile), str(into)],
        env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        user=user, group=user, extra_groups=[], cwd="/",
    )  # fmt: skip
    with copier:
        try:
            _wait_for(copier, b"ready\n")
            if browser is None:
                _go(copier)
                paused_ms = 0.0
            else:
                with frozen(browser) as freeze:
                    _go(copier)
                paused_ms = freeze.milliseconds
            assert copier.stdout
            copier.stdout.read()  # its end: the modes are set
        except BaseException:
            copier.kill()
            raise
    return paused_ms


def _go(copier: subprocess.Popen[bytes]) -> None:
    assert copier.stdin
    copier.stdin.write(b"go\n")
    copier.stdin.flush()
    _wait_for(copier, b"done\n")


def _wait_for(copier: subprocess.Popen[bytes], word: bytes) -> None:
    assert copier.stdout
    ready, _, _ = select.select([copier.stdout], [], [], _COPY_S)
    if not ready or copier.stdout.readline() != word:
        raise NotFrozen
