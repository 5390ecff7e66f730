"""What a root launcher may still do: it gives up every capability but the four that it needs. Linux only.

With them it is root in name alone: it cannot read other users' files, which is why `apart.py` hands folders over.
"""

import ctypes
import os
import struct
from contextlib import suppress

CHOWN, KILL, SETGID, SETUID = 0, 5, 6, 7  # linux/capability.h
KEPT = (CHOWN, KILL, SETGID, SETUID)

_VERSION_3 = 0x20080522
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_MORE_THAN_THERE_ARE = 64


def keep_only(kept: tuple[int, ...] = KEPT) -> None:
    """For this process and all that it starts. Raises OSError when a kept one is not there."""
    libc = ctypes.CDLL(None, use_errno=True)
    for one in range(_MORE_THAN_THERE_ARE):
        if one not in kept and libc.prctl(_PR_CAPBSET_READ, one, 0, 0, 0) == 1:
            with suppress(OSError):  # a container that took SETPCAP away has bounded us itself
                _check(libc.prctl(_PR_CAPBSET_DROP, one, 0, 0, 0))
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    mask = sum(1 << one for one in kept)
    header = struct.pack("Ii", _VERSION_3, 0)
    data = struct.pack("6I", mask, mask, 0, 0, 0, 0)  # effective, permitted, inheritable; then the upper halves
    _check(libc.capset(header, data))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
