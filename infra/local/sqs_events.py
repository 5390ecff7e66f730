"""Received messages as an SQS event, and the handler's answer as the list of messages that failed."""

from collections.abc import Sequence
from typing import Any

from infra.local.runtime import ACCOUNT, REGION, Event, UnusableAnswer
from waypost.ports import Received


def sqs_event(queue: str, messages: Sequence[Received], *, fifo: bool) -> Event:
    return {"Records": [_record(queue, message, fifo=fifo) for message in messages]}


def failed_ids(answer: Any) -> set[str]:
    """The message ids of a partial batch response. One that cannot be read fails the whole batch, as on Lambda."""
    if not answer:
        return set()
    try:
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError) as error:
        raise UnusableAnswer("the answer is not a partial batch response") from error
    if not all(failed):
        raise UnusableAnswer("a batch item failure has no itemIdentifier")
    return failed


def to_keep(messages: Sequence[Received], failed: set[str], *, fifo: bool) -> list[Received]:
    """Those that must come again: the failures, and in a FIFO queue everything of their group behind the first one,
    because deleting what was handled out of order would hide that it was."""
    if not failed <= {message.message_id for message in messages}:
        return list(messages)  # Lambda's rule: an unknown id fails the whole batch
    kept, blocked = [], set()
    for message in messages:
        if message.message_id in failed or (fifo and message.group in blocked):
            kept.append(message)
            blocked.add(message.group)
    return kept


def _record(queue: str, message: Received, *, fifo: bool) -> Event:
    attributes = {
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.sent_ms),
        "SentTimestamp": str(message.sent_ms),
        "SenderId": ACCOUNT,
    }
    if fifo:
        attributes["MessageGroupId"] = message.group or ""
        # The port does not hand out the sender's id of deduplication; ours is unique for a message, too.
        attributes["MessageDeduplicationId"] = message.message_id
        attributes["SequenceNumber"] = f"{message.sent_ms:020d}"
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}{'.fifo' if fifo else ''}",
        "awsRegion": REGION,
    }
