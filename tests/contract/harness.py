"""What the contract suite needs of an engine under test, and the floor it is built with.

A new engine joins the suite by a function that yields a `Subject`, listed in `conftest.SUBJECTS`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from waypost.ports import Engine

TABLES = (("main", (("by_chat", "chat_pk", "chat_sk"), ("by_due", "due_pk", "due_sk"))), ("keys", ()))
BUCKETS = ("media", "profiles")
VISIBILITY_SECONDS = 1
MAX_RECEIVES = 3
# (name, fifo): made with the session, so that every test has its own.
SESSION_QUEUES = (("fifo", True), ("standard", False))
SHARED_QUEUE = "shared"  # standard, of the blueprint


@dataclass(frozen=True)
class Peer:
    """A WebSocket client as the push port sees it."""

    connection_id: str
    received: Callable[[], list[bytes]]
    is_open: Callable[[], bool]
    leave: Callable[[], None]
    stop_reading: Callable[[], None]  # from now on the gateway answers that it is too slow


@dataclass(frozen=True)
class Subject:
    engine: Engine
    pass_time: Callable[[float], None]  # seconds; skips the test when the engine's clock cannot jump that far
    connect: Callable[[], Peer]
    lag: float = 0.2  # seconds that its timers may be late


def eventually[T](look: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 5.0) -> T:
    """Poll until what is seen is as wanted, and return it; the last look when time is up."""
    deadline = time.monotonic() + seconds
    seen = look()
    while not wanted(seen) and time.monotonic() < deadline:
        time.sleep(0.02)
        seen = look()
    return seen
