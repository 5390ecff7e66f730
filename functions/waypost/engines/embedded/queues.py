"""The engine's queues by name: those of the blueprint, and those that come and go with a session."""

import re

from waypost.engines.embedded.clock import Clock
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.doorbell import Doorbell
from waypost.engines.embedded.queue import EmbeddedQueue
from waypost.errors import ValidationError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}")  # SQS: 80 with ".fifo"


class EmbeddedQueues:
    def __init__(self, database: Database, doorbell: Doorbell, clock: Clock) -> None:
        self._database = database
        self._doorbell = doorbell
        self._clock = clock

    def queue(self, name: str) -> EmbeddedQueue:
        """A handle; what it does raises NotFound while the queue does not exist."""
        return EmbeddedQueue(self._database, self._doorbell, self._clock, name)

    def create_session_queues(self, session_id: str) -> None:
        with self._database.write() as connection:
            specs = connection.execute(
                "SELECT name, fifo, visibility_ms, max_receives FROM queue_specs WHERE per_session"
            ).fetchall()
            for name, *settings in specs:
                connection.execute(
                    "INSERT INTO queues (name, spec, fifo, visibility_ms, max_receives) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (name) DO NOTHING",
                    (_session_queue(name, session_id), name, *settings),
                )

    def delete_session_queues(self, session_id: str) -> None:
        with self._database.write() as connection:
            numbers = [
                row[0]
                for (name,) in connection.execute("SELECT name FROM queue_specs WHERE per_session").fetchall()
                for row in connection.execute(
                    "DELETE FROM queues WHERE name = ? AND spec = ? RETURNING id",
                    (_session_queue(name, session_id), name),
                ).fetchall()
            ]
            for number in numbers:
                for table in ("messages", "sends", "dead_letters"):
                    connection.execute(f"DELETE FROM {table} WHERE queue = ?", (number,))  # noqa: S608
        for number in numbers:
            self._doorbell.ring(number)


def _session_queue(name: str, session_id: str) -> str:
    full = f"{name}-{session_id}"
    if not session_id or not _NAME.fullmatch(full):
        raise ValidationError("a session's id does not make a queue's name", field="session_id")
    return full
