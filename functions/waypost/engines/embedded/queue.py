"""The Queue port on SQLite: SQS's rules for FIFO groups, deduplication, visibility, delay and dead letters.

Timers run on the steady clock. A receiver looks without a lock first, and sleeps until the doorbell rings or the
next timer of its queue is due.
"""

import re
import secrets
import sqlite3
import time
import uuid
from dataclasses import dataclass

from waypost.engines.embedded.clock import Clock
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.doorbell import Doorbell
from waypost.errors import NotFound, TooLarge, ValidationError
from waypost.ports import (
    DEDUPLICATION_SECONDS,
    MAX_DELAY_SECONDS,
    MAX_QUEUE_BODY_BYTES,
    MAX_RECEIVE,
    DeadLetter,
    Received,
)

MAX_WAIT_SECONDS = 20
MAX_VISIBILITY_SECONDS = 43_200
DEAD_LETTER_DAYS = 14  # SQS's longest retention
_LOOK_AGAIN_SECONDS = 5.0  # in case a bell was lost with the process that should have rung it

_ID = re.compile(r"[!-~]{1,128}")  # group and deduplication ids
_BODY_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# In a FIFO queue nothing is delayed, so what is not visible is in flight and blocks its group.
_READY_FIFO = """FROM messages WHERE queue = :queue AND grp NOT IN
    (SELECT grp FROM messages WHERE queue = :queue AND visible_at > :now) ORDER BY id LIMIT :limit"""
_READY_STANDARD = "FROM messages WHERE queue = :queue AND visible_at <= :now ORDER BY visible_at, id LIMIT :limit"
_IN_FLIGHT = "WHERE queue = ? AND id = ? AND token = ? AND visible_at > ?"


@dataclass(frozen=True, slots=True)
class Settings:
    """A queue's row: read anew for every call, because other processes make and delete queues."""

    id: int
    fifo: bool
    visibility_ms: int
    max_receives: int


class EmbeddedQueue:
    def __init__(self, database: Database, doorbell: Doorbell, clock: Clock, name: str) -> None:
        self._database = database
        self._doorbell = doorbell
        self._clock = clock
        self._name = name

    def send(
        self,
        body: str,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay_seconds: int = 0,
    ) -> str:
        _check_body(body)
        with self._database.write() as connection:
            queue = self._settings(connection)
            _check_send(queue, group, deduplication_id, delay_seconds)
            now = self._clock.steady_ms()
            message_id = str(uuid.uuid4())
            if deduplication_id is not None:
                first = _first_send(connection, queue, deduplication_id, message_id, now)
                if first is not None:
                    return first
            connection.execute(
                "INSERT INTO messages (queue, grp, visible_at, message_id, sent_ms, body) VALUES (?, ?, ?, ?, ?, ?)",
                (queue.id, group, now + delay_seconds * 1000, message_id, self._clock.wall_ms(), body),
            )
        self._doorbell.ring(queue.id)
        return message_id

    def receive(
        self, *, limit: int = MAX_RECEIVE, wait_seconds: float = 0, visibility_seconds: int | None = None
    ) -> list[Received]:
        _check_range("limit", limit, 1, MAX_RECEIVE)
        _check_range("wait_seconds", wait_seconds, 0, MAX_WAIT_SECONDS)
        if visibility_seconds is not None:
            _check_range("visibility_seconds", visibility_seconds, 0, MAX_VISIBILITY_SECONDS)
        deadline = time.monotonic() + wait_seconds
        queue = self._settings(self._database.connection())
        if self._ready(queue) and (received := self._take(limit, visibility_seconds)):
            return received
        if wait_seconds == 0:
            return []
        with self._doorbell.listen(queue.id) as bell:
            while True:
                bell.clear()
                queue = self._settings(self._database.connection())
                if self._ready(queue):
                    if received := self._take(limit, visibility_seconds):
                        return received
                    continue  # somebody was faster, or they were dead: look what is left
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return []
                bell.wait(min(remaining, self._seconds_to_next_due(queue)))

    def delete(self, receipt: str) -> None:
        with self._database.write() as connection:
            queue = self._settings(connection)
            number, token = _parse(receipt)
            # As SQS: in a FIFO queue a receipt dies with its visibility timeout, in a standard one it still deletes.
            now = self._clock.steady_ms() if queue.fifo else -1
            connection.execute(f"DELETE FROM messages {_IN_FLIGHT}", (queue.id, number, token, now))  # noqa: S608
        if queue.fifo:
            self._doorbell.ring(queue.id)

    def change_visibility(self, receipt: str, seconds: int) -> None:
        _check_range("seconds", seconds, 0, MAX_VISIBILITY_SECONDS)
        with self._database.write() as connection:
            queue = self._settings(connection)
            number, token = _parse(receipt)
            now = self._clock.steady_ms()
            changed = connection.execute(
                f"UPDATE messages SET visible_at = ? {_IN_FLIGHT}",  # noqa: S608
                (now + seconds * 1000, queue.id, number, token, now),
            ).rowcount
            if not changed:
                raise NotFound("the message is no longer in flight")
        self._doorbell.ring(queue.id)

    def dead_letter(self, receipt: str, reason: str) -> None:
        with self._database.write() as connection:
            queue = self._settings(connection)
            number, token = _parse(receipt)
            row = connection.execute(
                f"SELECT id FROM messages {_IN_FLIGHT}",  # noqa: S608
                (queue.id, number, token, self._clock.steady_ms()),
            ).fetchone()
            if row is None:
                raise NotFound("the message is no longer in flight")
            self._bury(connection, number, reason)
        self._doorbell.ring(queue.id)

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        connection = self._database.connection()
        rows = connection.execute(
            "SELECT body, reason, message_id, grp, receives, died_ms FROM dead_letters"
            " WHERE queue = ? ORDER BY id LIMIT ?",
            (self._settings(connection).id, limit),
        )
        return [DeadLetter(*row) for row in rows.fetchall()]

    def depth(self) -> int:
        connection = self._database.connection()
        count = "SELECT count(*) FROM messages WHERE queue = ?"
        return int(connection.execute(count, (self._settings(connection).id,)).fetchone()[0])

    def _settings(self, connection: sqlite3.Connection) -> Settings:
        row = connection.execute(
            "SELECT id, fifo, visibility_ms, max_receives FROM queues WHERE name = ?", (self._name,)
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no queue {self._name}", field="queue")
        return Settings(row[0], bool(row[1]), row[2], row[3])

    def _ready(self, queue: Settings) -> bool:
        ready = _READY_FIFO if queue.fifo else _READY_STANDARD
        values = {"queue": queue.id, "now": self._clock.steady_ms(), "limit": 1}
        return self._database.connection().execute(f"SELECT id {ready}", values).fetchone() is not None

    def _seconds_to_next_due(self, queue: Settings) -> float:
        now = self._clock.steady_ms()
        due = (
            self._database.connection()
            .execute("SELECT min(visible_at) FROM messages WHERE queue = ? AND visible_at > ?", (queue.id, now))
            .fetchone()[0]
        )
        return _LOOK_AGAIN_SECONDS if due is None else min((due - now) / 1000, _LOOK_AGAIN_SECONDS)

    def _take(self, limit: int, visibility_seconds: int | None) -> list[Received]:
        """Put up to `limit` messages in flight; bury those that were received too often."""
        received: list[Received] = []
        with self._database.write() as connection:
            queue = self._settings(connection)
            now = self._clock.steady_ms()
            hidden = queue.visibility_ms if visibility_seconds is None else visibility_seconds * 1000
            ready = _READY_FIFO if queue.fifo else _READY_STANDARD
            columns = "SELECT id, grp, message_id, body, sent_ms, receives"
            while True:
                values = {"queue": queue.id, "now": now, "limit": limit - len(received)}
                rows = connection.execute(f"{columns} {ready}", values).fetchall()
                worn = [row for row in rows if row[5] >= queue.max_receives]
                for row in worn:
                    self._bury(connection, row[0], f"received {row[5]} times without success")
                for number, group, message_id, body, sent_ms, receives in rows:
                    if receives < queue.max_receives:
                        receipt = _put_in_flight(connection, number, now + hidden)
                        received.append(Received(body, receipt, message_id, group, receives + 1, sent_ms))
                if not worn or len(received) == limit:
                    return received

    def _bury(self, connection: sqlite3.Connection, number: int, reason: str) -> None:
        died_ms = self._clock.wall_ms()
        connection.execute(
            "INSERT INTO dead_letters (queue, grp, reason, receives, message_id, died_ms, body)"
            " SELECT queue, grp, ?, receives, message_id, ?, body FROM messages WHERE id = ?",
            (reason, died_ms, number),
        )
        connection.execute("DELETE FROM messages WHERE id = ?", (number,))
        connection.execute(
            "DELETE FROM dead_letters WHERE queue = (SELECT queue FROM dead_letters WHERE id = last_insert_rowid())"
            " AND died_ms < ?",
            (died_ms - DEAD_LETTER_DAYS * 86_400_000,),
        )


def _first_send(
    connection: sqlite3.Connection, queue: Settings, deduplication_id: str, message_id: str, now: int
) -> str | None:
    """The id of the send that this one repeats, if it does; else remember this one."""
    forgotten = now - DEDUPLICATION_SECONDS * 1000
    row = connection.execute(
        "SELECT message_id FROM sends WHERE queue = ? AND deduplication_id = ? AND sent_at > ?",
        (queue.id, deduplication_id, forgotten),
    ).fetchone()
    if row is not None:
        return str(row[0])
    connection.execute("DELETE FROM sends WHERE sent_at <= ?", (forgotten,))
    connection.execute("INSERT INTO sends VALUES (?, ?, ?, ?)", (queue.id, deduplication_id, now, message_id))
    return None


def _put_in_flight(connection: sqlite3.Connection, number: int, visible_at: int) -> str:
    token = secrets.token_hex(8)
    connection.execute(
        "UPDATE messages SET visible_at = ?, receives = receives + 1, token = ? WHERE id = ?",
        (visible_at, token, number),
    )
    return f"{number}-{token}"


def _parse(receipt: str) -> tuple[int, str]:
    number, _, token = receipt.partition("-")
    return (int(number), token) if number.isascii() and number.isdigit() and len(number) < 19 else (0, "")


def _check_body(body: str) -> None:
    if not body or _BODY_REFUSED.search(body):
        raise ValidationError("a queue's message is not empty and holds no control characters", field="body")
    if len(body.encode()) > MAX_QUEUE_BODY_BYTES:
        raise TooLarge(f"a queue's message is larger than {MAX_QUEUE_BODY_BYTES} bytes", field="body")


def _check_send(queue: Settings, group: str | None, deduplication_id: str | None, delay_seconds: int) -> None:
    _check_range("delay_seconds", delay_seconds, 0, 0 if queue.fifo else MAX_DELAY_SECONDS)
    for field, value in (("group", group), ("deduplication_id", deduplication_id)):
        if (value is not None) != queue.fifo:
            raise ValidationError(f"{field} goes with FIFO queues, and only with them", field=field)
        if value is not None and not _ID.fullmatch(value):
            raise ValidationError(f"{field} is 1 to 128 letters, digits or punctuation marks", field=field)


def _check_range(field: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValidationError(f"{field} is from {low} to {high}", field=field)
