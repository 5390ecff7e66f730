"""Starts the worker, and kills browsers whose lease ran out, whatever became of the worker: the fence of P4.

    python -m containers.worker.launcher [-- worker command …]

A process of its own, with the standard library only. It listens on a Unix socket that it names to the worker and to
berths in WAYPOST_LAUNCHER; the protocol is that of `launcher_book.py`, one JSON object a line, each answered by
`{"ok": true}` or `{"ok": false}`. It ends with the worker's exit code. It also copies profiles, because who stops a
browser must not be somebody who may die before it goes on.

As root with WAYPOST_USERS (`users.py`) it starts the worker and each session's browser under user ids of their own
(`apart.py`), after it gave up every capability but four (`rights.py`). Otherwise all run as one user, and the first
line of the log says so.

When all of the task stood still, launcher and browsers too, as on a paused machine: the deadline is one of the boot
clock, so the timer strikes in the first round of the launcher's event loop after the pause, and SIGKILL reaches also
who is still stopped. Until then a woken browser runs: from the launcher's wake to the end of the browser's last
process it took 14 to 223 ms, 39 in the middle of twelve times on two cores at load 13 (the promise is one second; shown
in `tests/integration/test_worker_launcher.py`), plus what the launcher is woken later than the browser. In that time
it does no harm that lasts, as far as WhatsApp's servers let one connection speak for a device: a message that it sends
bears the id under which the next owner sends it, and nothing that it reports is stored, because its owner's epoch is
over. A next owner on the same machine does not wait for the wake: it has the frozen browser killed before it starts its
own (`Evict`).
"""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from containers.worker.apart import Apart
from containers.worker.launcher_book import (
    Book,
    Copy,
    Deadline,
    Evict,
    NotARequest,
    Process,
    Register,
    Release,
    Request,
    read_request,
)
from containers.worker.processes import (
    adopt_orphans,
    die_with_parent,
    find_process,
    is_alive,
    kill_descendants,
    kill_tree,
    processes_with,
)
from containers.worker.rights import keep_only
from containers.worker.users import Users, users_from
from containers.worker.vault.freezing import NotFrozen
from containers.worker.vault.links import copy_folder, profile_folder, take_copy

STOP_S = 110.0  # Fargate gives 120 s between SIGTERM and SIGKILL
CHROMIUM = "/usr/lib/chromium/chromium-headless-shell"  # as in settings.py, which the launcher does not import
WORKER = (sys.executable, "-m", "containers.worker.main")
_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes
_LONGEST_LINE = 4096
_EVICTIONS = 20  # a driver that still starts browsers is looked at again


def boot_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Launcher:
    """`run` starts the worker and returns its exit code when everything below has ended."""

    def __init__(
        self, command: list[str], path: Path, *, home: Path, stop_s: float = STOP_S, apart: Apart | None = None
    ) -> None:
        self._command = command
        self._path = path
        self._home = home
        self._stop_s = stop_s
        self._apart = apart
        self._door = path.with_suffix(".door")
        self._book = Book()
        self._timer = os.timerfd_create(time.CLOCK_BOOTTIME, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = loop.create_future()
        adopt_orphans()
        listening = _listen(self._path)
        server = await asyncio.start_unix_server(self._converse, sock=listening, limit=_LONGEST_LINE)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        loop.add_reader(self._timer, self._strike)
        if self._apart is not None:
            self._open_door(self._apart)
        self._worker = start_worker(self._command, self._path, None if self._apart is None else self._apart.users)
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop)
        try:
            return await self._ended
        finally:
            kill_descendants()
            for browser in self._book.all_browsers():
                kill_tree(browser)
            server.close()
            self._path.unlink(missing_ok=True)
            self._door.unlink(missing_ok=True)

    def _open_door(self, apart: Apart) -> None:
        """Where berths hand over the files of browsers that are to run as somebody else."""
        door = _listen(self._door)
        door.listen()
        for path in (self._path, self._door):
            os.chown(path, apart.users.worker, apart.users.worker)
        asyncio.get_running_loop().add_reader(door, lambda: apart.admit(door.accept()[0], self._register))

    def _register(self, session: str, browser: Process) -> bool:
        taken = self._book.register(session, browser, boot_seconds())
        self._set_timer()
        return taken

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError):  # ValueError: a line beyond the limit
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line, _peer(writer))).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes, peer: int) -> dict[str, object]:
        try:
            request = read_request(line)
        except NotARequest:
            return {"ok": False}
        match request:
            case Copy(session):
                return await self._copy(session)
            case Evict(session):
                return {"ok": await self._evict(session)}
            case Register(session) if self._apart is not None:
                return {"ok": self._book.may_start(session, boot_seconds()), "door": str(self._door)}
        done = self._carry_out(request, peer)
        self._set_timer()
        return {"ok": done}

    async def _copy(self, session: str) -> dict[str, object]:
        """In a thread: a slow disk must not keep the fence from its deadlines."""
        browsers = [browser for browser in self._book.browsers.get(session, ()) if is_alive(browser)]
        profile, into = profile_folder(self._home, session), copy_folder(self._home, session)
        try:
            if self._apart is None:
                paused_ms = await asyncio.to_thread(take_copy, next(iter(browsers), None), profile, into)
            else:
                paused_ms = await asyncio.to_thread(self._apart.copy, session, next(iter(browsers), None))
        except (NotFrozen, OSError) as problem:
            say("profile_not_copied", kind=type(problem).__name__)
            return {"ok": False}
        return {"ok": True, "paused_ms": paused_ms}

    async def _evict(self, session: str) -> bool:
        word = f"--user-data-dir={profile_folder(self._home, session)}"
        for _ in range(_EVICTIONS):
            found = await asyncio.to_thread(processes_with, word)
            for process in found:
                await asyncio.to_thread(kill_tree, process)
            if not found:
                break
        else:
            return False
        try:
            if self._apart is not None:
                await self._apart.clear(session)
        except OSError as problem:
            say("profile_not_taken_back", kind=type(problem).__name__)
            return False
        return True

    def _carry_out(self, request: Request, peer: int) -> bool:
        match request:
            case Register(session, pid):
                browser = find_process(pid)
                # Only a berth itself may sign in: whoever else could have any process killed.
                return pid == peer and browser is not None and self._book.register(session, browser, boot_seconds())
            case Deadline(session, boottime):
                self._book.renew(session, boottime)
            case Release(session):
                for browser in self._book.release(session):
                    kill_tree(browser)
        return True

    def _set_timer(self) -> None:
        deadline = self._book.next_deadline()
        # Zero would disarm the timer; a time that has passed strikes at once.
        initial = 0.0 if deadline is None else max(deadline, 0.001)
        os.timerfd_settime(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=initial)

    def _strike(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._timer, 8)
        due = self._book.due(boot_seconds())
        for browser in due:
            kill_tree(browser)
        if due:
            say("browsers_killed_at_deadline", count=len(due))
        self._set_timer()

    def _reap(self) -> None:
        """Orphans come to us too, so every child is waited for here and nowhere else."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
                pid, status = ended
                if self._apart is not None:
                    self._apart.ended(pid, status)
                if pid == self._worker.pid and not self._ended.done():
                    code = os.waitstatus_to_exitcode(status)
                    self._worker.returncode = code
                    self._ended.set_result(code if code >= 0 else 128 - code)

    def _stop(self) -> None:
        if not self._ended.done():
            self._worker.send_signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(self._stop_s, self._worker.kill)


def start_worker(command: list[str], path: Path, users: Users | None) -> subprocess.Popen[bytes]:
    """As the worker's user, who is in the group of every browser's; None keeps our own."""
    return subprocess.Popen(
        command,
        env={**os.environ, "WAYPOST_LAUNCHER": str(path)},
        start_new_session=True,  # a Ctrl-C reaches the worker once, through us
        preexec_fn=die_with_parent,  # no threads here; no worker without a fence
        user=None if users is None else users.worker,
        group=None if users is None else users.worker,
        extra_groups=None if users is None else list(users.browsers),
    )


def socket_path(home: Path, *, shared: bool = False) -> Path:
    """Our socket in the home's run folder, or in a private temporary folder when that path is too long. Others may
    come to a `shared` one, whose own mode says who."""
    run = home / "run"
    if len(os.fsencode(run)) > _LONGEST_SOCKET_PATH - 25:
        run = Path(tempfile.mkdtemp(prefix="waypost-"))
        run.chmod(0o711 if shared else 0o700)
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    return run / f"launcher-{os.getpid()}.sock"


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # left by a launcher that had our process id and was killed
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        line.bind(str(path))
    finally:
        os.umask(before)
    return line


def _peer(writer: asyncio.StreamWriter) -> int:
    credentials = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def say(event: str, **more: object) -> None:
    sys.stderr.write(json.dumps({"event": event, **more}) + "\n")


def main(arguments: list[str]) -> int:
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    home = Path(os.environ.get("WAYPOST_HOME") or Path.cwd() / ".waypost")
    apart = _apart(home)
    path = socket_path(home, shared=apart is not None)
    if apart is not None:
        keep_only()
    say("launcher_started", separate_user_ids=apart is not None, root=os.geteuid() == 0)
    return asyncio.run(Launcher(command or list(WORKER), path, home=home, apart=apart).run())


def _apart(home: Path) -> Apart | None:
    """None where all run as one user. Raises ValueError for settings that make no sense."""
    users = users_from(os.environ)
    if users is None:
        return None
    if os.geteuid() != 0:
        say("no_separate_user_ids", why="not root")
        return None
    apart = Apart(users, home, os.environ.get("WAYPOST_CHROMIUM", CHROMIUM))
    apart.prepare()
    return apart


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
