"""Becomes the browser: takes the profile's lock, ties the browser's life to its parent, signs in with the launcher.

Playwright starts it in place of Chromium, through a stub that `browser.py` writes, as leader of a process group of
its own. Where the launcher starts browsers under user ids of their own, it names a door: then the berth hands its files
over there, stays in the browser's place, and ends when it ends. It must start fast, so it imports little and nothing
of ours.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import sys

PROFILE_IN_USE = 75  # EX_TEMPFAIL
NO_LAUNCHER = 69  # EX_UNAVAILABLE
IN_USE_WORDS = "waypost-berth: the profile is in use by another browser"

_PR_SET_PDEATHSIG = 1
_ANSWER_S = 5.0
_PLAYWRIGHTS = (3, 4)  # the pipes of --remote-debugging-pipe


def lock_profile(path: str) -> int:
    """Returns the lock's file. Headless-shell opens a profile twice without a word; this lock is held as long as the
    browser lives, because its file descriptor is inherited and never closed."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(IN_USE_WORDS + "\n")
        sys.exit(PROFILE_IN_USE)
    os.ftruncate(held, 0)
    os.write(held, str(os.getpid()).encode())  # whom to kill when it does not close
    os.set_inheritable(held, True)
    return held


def die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def register(launcher: str, session: str) -> str | None:
    """No browser without a fence (P4): when a launcher is named it must know us first. Returns the door, if any."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_ANSWER_S)
            line.connect(launcher)
            line.sendall(json.dumps({"do": "register", "session": session, "pid": os.getpid()}).encode() + b"\n")
            answer = line.makefile("rb").readline()
    except OSError:
        answer = b""
    said = json.loads(answer or b"{}")
    if said.get("ok") is not True:
        sys.stderr.write("waypost-berth: the launcher did not take the browser\n")
        sys.exit(NO_LAUNCHER)
    door: str | None = said.get("door")
    return door


def board(door: str, session: str, lock: int, chromium: str, arguments: list[str]) -> int:
    """Let the launcher start the browser on our files; returns its exit code when it has ended."""
    wanted = {"session": session, "chromium": chromium, "arguments": arguments, "environment": dict(os.environ)}
    files = [0, 1, 2, *_PLAYWRIGHTS, lock]
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        socket.send_fds(line, [json.dumps(wanted).encode() + b"\n"], files)
        for one in files[1:]:
            os.close(one)  # or nobody would see that the browser closed them
        answer = line.makefile("rb").readline()
    return int(json.loads(answer)["exit"]) if answer else NO_LAUNCHER


def main(session: str, lock: str, chromium: str, arguments: list[str]) -> None:
    held = lock_profile(lock)
    die_with_parent()
    launcher = os.environ.pop("WAYPOST_LAUNCHER", None)  # not the browser's business
    door = register(launcher, session) if launcher else None
    if door is not None:
        code = board(door, session, held, chromium, arguments)
        os._exit(code if code >= 0 else 128 - code)
    os.execv(chromium, [chromium, *arguments])  # noqa: S606  # becoming the browser is the point


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
