"""The last step before Chromium under a session's own user id: files into place, rights away, then become it.

    boarding.py USER FD,FD,FD,FD,FD,LOCK CHROMIUM ARGUMENT …

Started by the launcher (`apart.py`) with the files that the berth handed over: standard input, output and error, the
two pipes on which Playwright speaks, and the profile's lock. Imports little and nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def put_in_place(files: list[int]) -> None:
    """The first five become 0 to 4; all are moved out of the way first, or one could be put where another still is."""
    aside = [os.dup(one) if one < len(files) else one for one in files]
    for number, one in enumerate(aside[:-1]):
        os.dup2(one, number, inheritable=True)
    os.set_inheritable(aside[-1], True)


def step_down(user: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after the change of user, which clears it


def main(user: str, files: str, chromium: str, arguments: list[str]) -> None:
    launcher = os.getppid()
    put_in_place([int(one) for one in files.split(",")])
    step_down(int(user))
    if os.getppid() != launcher:
        sys.exit(1)  # it died before it could take us along
    os.umask(0o077)
    os.execv(chromium, [chromium, *arguments])  # noqa: S606  # becoming the browser is the point


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
