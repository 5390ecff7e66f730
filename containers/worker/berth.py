"""Becomes the browser: takes the profile's lock, ties the browser's life to its parent, signs in with the launcher.

Playwright starts it in place of Chromium, through a stub that `browser.py` writes, as leader of a process group of
its own. It must start fast, so it imports little and nothing of ours.
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


def lock_profile(path: str) -> None:
    """Headless-shell opens a profile twice without a word; this lock is held as long as the browser lives,
    because its file descriptor is inherited and never closed."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(IN_USE_WORDS + "\n")
        sys.exit(PROFILE_IN_USE)
    os.ftruncate(held, 0)
    os.write(held, str(os.getpid()).encode())  # whom to kill when it does not close
    os.set_inheritable(held, True)


def die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def register(launcher: str, session: str) -> None:
    """No browser without a fence (P4): when a launcher is named it must know us first."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_ANSWER_S)
            line.connect(launcher)
            line.sendall(json.dumps({"do": "register", "session": session, "pid": os.getpid()}).encode() + b"\n")
            answer = line.makefile("rb").readline()
    except OSError:
        answer = b""
    if answer.strip() != b'{"ok": true}':
        sys.stderr.write("waypost-berth: the launcher did not take the browser\n")
        sys.exit(NO_LAUNCHER)


def main(session: str, lock: str, chromium: str, arguments: list[str]) -> None:
    lock_profile(lock)
    die_with_parent()
    launcher = os.environ.pop("WAYPOST_LAUNCHER", None)  # not the browser's business
    if launcher:
        register(launcher, session)
    os.execv(chromium, [chromium, *arguments])  # noqa: S606  # becoming the browser is the point


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
