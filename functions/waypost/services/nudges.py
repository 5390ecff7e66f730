"""Telling the consumers of a log that it grew. Nudges may be lost or doubled: the log is the truth (decision 7)."""

import json

from waypost.ports import Queues


def nudge_consumers(session_id: str, number: int, *, queues: Queues) -> None:
    """Wake realtime and webhooks for a session whose newest event has this number."""
    body = json.dumps({"session": session_id, "number": number})
    queues.queue("realtime").send(body, group=session_id, deduplication_id=f"{session_id}-{number}")
    queues.queue("webhooks").send(body)


def nudge_connection(session_id: str, connection: str, *, queues: Queues, unique: str) -> None:
    """Wake realtime for one connection that has just subscribed: replay goes by the same FIFO group as live events."""
    body = json.dumps({"session": session_id, "connection": connection})
    queues.queue("realtime").send(body, group=session_id, deduplication_id=f"{connection}-{unique}")


def nudge_again(session_id: str, *, queues: Queues, unique: str) -> None:
    """Wake realtime for a session once more: a replay goes on, or an earlier nudge was lost."""
    body = json.dumps({"session": session_id})
    queues.queue("realtime").send(body, group=session_id, deduplication_id=f"{session_id}-{unique}")
