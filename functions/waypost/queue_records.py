"""What a function does with the messages of its queue: each by itself, and those that fail come again."""

import json
from collections.abc import Callable
from typing import Any

from waypost.observability import logger

type Event = dict[str, Any]
type Answer = dict[str, list[dict[str, str]]]


def handle_records(
    event: Event, handle: Callable[[dict[str, Any]], None], *, service: str, too_early: tuple[type[Exception], ...] = ()
) -> Answer:
    """The answer names the messages to give back (partial batch response); nothing is logged of those that end in one
    of `too_early`. For queues whose messages need no order."""
    failed = []
    for record in event["Records"]:
        try:
            handle(json.loads(record["body"]))
        except too_early:
            failed.append({"itemIdentifier": record["messageId"]})
        except Exception:
            logger(service).exception("a message could not be handled", extra={"queue_message": record["messageId"]})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
