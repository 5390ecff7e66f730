"""Noting the posts of one delivery run: gathered while it runs, written behind it, so that no post waits for its note.

A crash loses the notes of its run. They are for people; what is owed is in the lanes.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from waypost.entities.webhook_log import Attempt, log_attempts
from waypost.errors import StorageError
from waypost.ports import Table

_AT_ONCE = 50


@dataclass(slots=True)
class Result:
    """How a post went: whoever posts fills it in."""

    status: int | None = None
    error: str | None = None


class DeliveryLog:
    """The posts of one run to one endpoint."""

    def __init__(self, hook: str, table: Table, now_ms: Callable[[], int]) -> None:
        self._hook = hook
        self._table = table
        self._now_ms = now_ms
        self._attempts: list[Attempt] = []

    @contextmanager
    def attempt(self, event: str, attempt: int) -> Iterator[Result]:
        """Time a post."""
        result, at_ms, began = Result(), self._now_ms(), time.monotonic()
        yield result
        took = round((time.monotonic() - began) * 1000)
        self._attempts.append(Attempt(event, at_ms, attempt, result.status, took, result.error))
        if len(self._attempts) == _AT_ONCE:
            self.write()

    def write(self) -> None:
        attempts, self._attempts = self._attempts, []
        with suppress(StorageError):  # what was posted is settled: its note is no reason to do anything again
            log_attempts(self._table, self._hook, attempts)
