"""The two kinds of message on the queue `webhooks`: fan a session's log out, and deliver what a lane is owed.

A lane's message with a delay is its timer. Messages may be lost or doubled: the lanes in the table are the truth.
"""

import json

from waypost.entities.webhook_lane import Lane
from waypost.ports import MAX_DELAY_SECONDS, Queues


def nudge_fan_out(session: str, number: int, *, queues: Queues) -> None:
    queues.queue("webhooks").send(json.dumps({"session": session, "number": number}))


def nudge_lane(lane: Lane, *, queues: Queues, after_seconds: int = 0) -> None:
    body = json.dumps({"hook": lane.hook, "tenant": lane.tenant, "lane": lane.name})
    queues.queue("webhooks").send(body, delay_seconds=min(after_seconds, MAX_DELAY_SECONDS))
