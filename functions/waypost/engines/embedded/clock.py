"""The engine's time: the wall clock for people, a steady clock for timers.

The steady clock is the machine's boot clock plus an offset that is fixed once per boot and stored, so that all
processes agree on it and neither a changed wall clock nor a suspend makes a timer fire early, late or never.
A boot starts it at the wall clock's time, or where the last boot's sends ended if the wall clock went backwards.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waypost.engines.embedded.database import Database

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Clock:
    """Both in milliseconds since 1970."""

    wall_ms: Callable[[], int]
    steady_ms: Callable[[], int]


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def system_clock(database: Database) -> Clock:
    if not _BOOT_ID.exists():  # not Linux: no boot clock that processes share with an id to know it by
        return Clock(wall_ms, wall_ms)
    offset_ms = _offset_of_this_boot(database, _BOOT_ID.read_text().strip())
    return Clock(wall_ms, lambda: _boot_ms() + offset_ms)


def _boot_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _offset_of_this_boot(database: Database, boot_id: str) -> int:
    find = "SELECT offset_ms FROM boots WHERE boot_id = ?"
    row = database.connection().execute(find, (boot_id,)).fetchone()
    if row is None:
        with database.write() as connection:
            latest = connection.execute("SELECT coalesce(max(sent_at), 0) FROM sends").fetchone()[0]
            connection.execute(
                "INSERT INTO boots VALUES (?, ?) ON CONFLICT DO NOTHING",
                (boot_id, max(wall_ms(), latest) - _boot_ms()),
            )
            row = connection.execute(find, (boot_id,)).fetchone()
    return int(row[0])
