"""Fans events out to webhook endpoints and posts them. Trigger: the queue `webhooks`, one message at a time.

    {"session": …, "number": …}           the log has grown: note what each endpoint is owed
    {"hook": …, "tenant": …, "lane": …}   a lane is owed something; with a delay, the message is its back-off timer

A message that fails is given back and comes again; after `max_receives` it is a dead letter, and the sweeper finds
what it was for.
"""

from typing import Any

from waypost.bootstrap import App, app
from waypost.entities.webhook_lane import Lane
from waypost.queue_records import Answer, Event, handle_records
from waypost.services.webhook_delivery import transport
from waypost.services.webhook_fanout import fan_out
from waypost.services.webhook_lanes import Courier, deliver


def handler(event: Event, _context: object) -> Answer:
    return handle_records(event, lambda message: _handle(message, app()), service="webhooks")


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
