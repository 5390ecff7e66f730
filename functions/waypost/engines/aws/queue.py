"""The Queue port on SQS: one queue and its dead letters, which are a queue of their own.

SQS moves a message there by itself after `max_receives`, without a word; `dead_letter` sends it there with the reason.
SQS hands a message back by its receipt but never shows it again, so `dead_letter` needs the process that received it.
"""

import time
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.dead_letters import Grave
from waypost.engines.aws.failures import ours
from waypost.engines.aws.limits import (
    MAX_VISIBILITY_SECONDS,
    check_body,
    check_range,
    check_receive,
    check_send,
)
from waypost.engines.aws.places import QueueSpec
from waypost.errors import NotFound, StorageError, WaypostError
from waypost.ports import MAX_RECEIVE, DeadLetter, Received

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_IN_HAND = 512  # messages remembered for `dead_letter`; a worker has fewer in flight
_SHORT_POLL_SECONDS = 0.1
_BURY_SECONDS = 30  # hidden while it is moved
_WHAT = "the queue"
_NO_QUEUE = frozenset(("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"))
# A receipt that was made up, is too old, or belongs to a message that is gone.
_NOT_IN_FLIGHT = frozenset(
    (
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "MissingParameter",
        "ReceiptHandleIsInvalid",
    )
)
_COUNTS: tuple[
    Literal["ApproximateNumberOfMessages"],
    Literal["ApproximateNumberOfMessagesNotVisible"],
    Literal["ApproximateNumberOfMessagesDelayed"],
] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class AwsQueue:
    def __init__(self, clients: Clients, url: str, dead_url: str, spec: QueueSpec) -> None:
        self._clients = clients
        self._url = url
        self._spec = spec
        self._grave = Grave(clients, dead_url, spec)
        self._in_hand: OrderedDict[str, Received] = OrderedDict()

    def send(
        self,
        body: str,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay_seconds: int = 0,
    ) -> str:
        check_body(body)
        check_send(fifo=self._spec.fifo, group=group, deduplication_id=deduplication_id, delay_seconds=delay_seconds)
        more: dict[str, Any] = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        if self._spec.fifo:
            more = {"MessageGroupId": group, "MessageDeduplicationId": deduplication_id}
        with ours(_WHAT, no_queue):
            return self._clients.sqs().send_message(QueueUrl=self._url, MessageBody=body, **more)["MessageId"]

    def receive(
        self, *, limit: int = MAX_RECEIVE, wait_seconds: float = 0, visibility_seconds: int | None = None
    ) -> list[Received]:
        """SQS waits for whole seconds; what is left of a wait is polled."""
        check_receive(limit, wait_seconds, visibility_seconds)
        deadline = time.monotonic() + wait_seconds
        remaining = wait_seconds
        while True:
            received = self._receive(limit, int(remaining), visibility_seconds)
            remaining = deadline - time.monotonic()
            if received or remaining <= 0:
                return received
            time.sleep(min(remaining, _SHORT_POLL_SECONDS))
            remaining = max(0.0, deadline - time.monotonic())

    def delete(self, receipt: str) -> None:
        self._in_hand.pop(receipt, None)
        try:
            with ours(_WHAT, _not_in_flight):
                self._clients.sqs().delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
        except NotFound as error:
            if error.field == "queue":
                raise

    def change_visibility(self, receipt: str, seconds: int) -> None:
        check_range("seconds", seconds, 0, MAX_VISIBILITY_SECONDS)
        with ours(_WHAT, _not_in_flight):
            self._clients.sqs().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )

    def dead_letter(self, receipt: str, reason: str) -> None:
        """Stopped between its two steps, it comes again and is buried again: SQS cannot move a message in one."""
        self.change_visibility(receipt, _BURY_SECONDS)
        message = self._in_hand.get(receipt)
        if message is None:
            raise StorageError("a message can be buried only by the process that received it")
        with ours(_WHAT, no_queue):
            self._grave.bury(message, reason)
        self.delete(receipt)

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        with ours(_WHAT, no_queue):
            return self._grave.letters(limit)

    def depth(self) -> int:
        with ours(_WHAT, no_queue):
            answer = self._clients.sqs().get_queue_attributes(QueueUrl=self._url, AttributeNames=_COUNTS)
        return sum(int(answer["Attributes"][name]) for name in _COUNTS)

    def _receive(self, limit: int, wait: int, visibility: int | None) -> list[Received]:
        request: dict[str, Any] = {} if visibility is None else {"VisibilityTimeout": visibility}
        if self._spec.fifo:  # so that botocore's second try gets what the lost answer held
            request["ReceiveRequestAttemptId"] = uuid.uuid4().hex
        with ours(_WHAT, no_queue):
            answer = (self._clients.sqs_waiting() if wait else self._clients.sqs()).receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["MessageGroupId", "ApproximateReceiveCount", "SentTimestamp"],
                **request,
            )
        return [self._remember(_received(message)) for message in answer.get("Messages", [])]

    def _remember(self, message: Received) -> Received:
        self._in_hand[message.receipt] = message
        while len(self._in_hand) > _IN_HAND:
            self._in_hand.popitem(last=False)
        return message


def no_queue(code: str) -> WaypostError | None:
    return NotFound("there is no such queue", field="queue") if code in _NO_QUEUE else None


def _not_in_flight(code: str) -> WaypostError | None:
    if code in _NOT_IN_FLIGHT:
        return NotFound("the message is no longer in flight", field="receipt")
    return no_queue(code)


def _received(message: "MessageTypeDef") -> Received:
    attributes = message["Attributes"]
    return Received(
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        message_id=message["MessageId"],
        group=attributes.get("MessageGroupId"),
        receive_count=int(attributes["ApproximateReceiveCount"]),
        sent_ms=int(attributes["SentTimestamp"]),
    )
