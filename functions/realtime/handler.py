"""Posts events to WebSocket connections. Trigger: the FIFO queue `realtime`, group = session, at most 10 a batch.

A message only says that a session has something to give. A session that fails gives all its messages back, so its
group waits and keeps its order; the others of the batch are done. Imports neither pydantic nor an HTTP client: its
first call has to be quick (decision 9).
"""

import json
import time
import uuid
from typing import Any

from waypost.bootstrap import App, app
from waypost.services.key_watch import KeyWatch
from waypost.services.live import serve_round
from waypost.services.nudges import nudge_again

SECONDS = 10.0  # then a long replay makes room for the batch's next messages, and goes on behind them

type Event = dict[str, Any]

_watch = KeyWatch()


def handler(event: Event, _context: object) -> dict[str, list[dict[str, str]]]:
    """The answer names the messages to give back (partial batch response)."""
    messages: dict[str, list[str]] = {}
    for record in event["Records"]:
        messages.setdefault(json.loads(record["body"])["session"], []).append(record["messageId"])
    failed = _serve(list(messages), app())
    return {"batchItemFailures": [{"itemIdentifier": each} for session in failed for each in messages[session]]}


def _serve(sessions: list[str], parts: App) -> list[str]:
    """Round after round for all sessions alike, so that one's replay never holds up another's live events."""
    ends = time.monotonic() + SECONDS
    failed: list[str] = []
    while True:
        more = []
        for session in sessions:
            try:
                if serve_round(session, table=parts.table, seals=parts.seals, push=parts.engine.push, watch=_watch):
                    more.append(session)
            except Exception:
                _report(session)
                failed.append(session)
        sessions = [session for session in sessions if session not in failed]
        if not more:
            return failed
        if time.monotonic() > ends:
            break
    for session in more:
        nudge_again(session, queues=parts.engine.queues, unique=uuid.uuid4().hex)
    return failed


def _report(session: str) -> None:
    # Imported late: the logger takes half of a cold start, and a healthy function never needs it.
    from waypost.observability import logger

    logger("realtime").exception("events could not be given", extra={"session": session})
