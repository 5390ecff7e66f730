"""Fans events out to webhook endpoints and posts them. Trigger: the queue `webhooks`, one message at a time.

    {"session": …, "number": …}           the log has grown: note what each endpoint is owed
    {"hook": …, "tenant": …, "lane": …}   a lane is owed something; with a delay, the message is its back-off timer

A message that fails is given back and comes again; after `max_receives` it is a dead letter, and the sweeper finds
what it was for.
"""

import json
from typing import Any

from waypost.bootstrap import App, app
from waypost.entities.webhook_lane import Lane
from waypost.observability import logger
from waypost.services.webhook_delivery import transport
from waypost.services.webhook_fanout import fan_out
from waypost.services.webhook_lanes import Courier, deliver

type Event = dict[str, Any]


def handler(event: Event, _context: object) -> dict[str, list[dict[str, str]]]:
    """The answer names the messages to give back (partial batch response)."""
    failed = []
    for record in event["Records"]:
        try:
            _handle(json.loads(record["body"]), app())
        except Exception:
            logger("webhooks").exception("a message could not be handled", extra={"queue_message": record["messageId"]})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _handle(message: dict[str, Any], parts: App) -> None:
    if "lane" in message:
        deliver(Lane(message["hook"], message["tenant"], message["lane"]), _courier(parts))
    else:
        fan_out(message["session"], table=parts.table, queues=parts.engine.queues, now_ms=parts.now_ms())


def _courier(parts: App) -> Courier:
    return Courier(
        table=parts.table,
        queues=parts.engine.queues,
        seals=parts.seals,
        transport=transport(parts.settings.allow_private_targets),
        now_ms=parts.now_ms,
    )
