"""What is known about the Waypost that runs, or ran, on a home: who holds it, and what a killed run left behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.home import Home
from infra.local.processes import Identity, end_group

STATE_FILE = "state.json"
LEFTOVER_GRACE_SECONDS = 5.0


class AlreadyRunning(Exception):
    """Another `waypost up` holds this home."""


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Hold the home: at most one `waypost up` does, and the system lets go when it dies, however it does."""
    lock = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_where(home)) from None
        end_leftovers(home)
        yield
    finally:
        os.close(lock)


def state_of(home: Home) -> dict[str, Any] | None:
    """What `waypost up` wrote last; None when it does not run, whatever a killed run left written."""
    state = home.read(STATE_FILE) or {}
    supervisor = Identity.read(state.get("supervisor"))
    return state if supervisor is not None and supervisor.is_alive() else None


def end_leftovers(home: Home) -> list[str]:
    """End the parts that outlived their supervisor and forget the run. Returns their names."""
    state = home.read(STATE_FILE) or {}
    ended = []
    for name, part in reversed((state.get("parts") or {}).items()):
        leader = Identity.read(part)
        if leader is not None:
            if leader.is_alive():
                ended.append(name)
            end_group(leader, LEFTOVER_GRACE_SECONDS)
    home.forget(STATE_FILE)
    return ended


def _where(home: Home) -> str:
    state = home.read(STATE_FILE) or {}
    url = (state.get("addresses") or {}).get("url")
    pid = (state.get("supervisor") or {}).get("pid")
    if url is None:
        return f"Waypost is being started on {home.path} by somebody else. Ask `waypost status` in a moment."
    return f"Waypost runs on {home.path} already, at {url} (pid {pid}). `waypost stop` ends it."
