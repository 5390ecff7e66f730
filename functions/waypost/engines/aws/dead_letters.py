"""The queue of a queue's dead letters: burying with a reason, and looking without disturbing.

A letter that `dead_letter` wrote carries attributes: why, and what the message was before. One that SQS moved by
itself carries none: its reason is that it was received too often.
"""

from typing import TYPE_CHECKING, Any

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.places import QueueSpec
from waypost.ports import MAX_RECEIVE, DeadLetter, Received

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_LOOK_SECONDS = 10  # how long a look hides what it looks at, if it cannot give it back


class Grave:
    def __init__(self, clients: Clients, url: str, spec: QueueSpec) -> None:
        self._clients = clients
        self._url = url
        self._spec = spec

    def bury(self, message: Received, reason: str) -> None:
        texts = {"reason": reason, "message_id": message.message_id, "receives": str(message.receive_count)}
        fifo = {"MessageGroupId": message.group, "MessageDeduplicationId": message.message_id}
        more: dict[str, Any] = fifo if self._spec.fifo else {}
        self._clients.sqs().send_message(
            QueueUrl=self._url,
            MessageBody=message.body,
            MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in texts.items()},
            **more,
        )

    def letters(self, limit: int) -> list[DeadLetter]:
        """SQS can only be looked into by receiving, so two who look at once each see a part."""
        seen: list[MessageTypeDef] = []
        try:
            while len(seen) < limit:
                answer = self._clients.sqs().receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=min(MAX_RECEIVE, limit - len(seen)),
                    VisibilityTimeout=_LOOK_SECONDS,
                    MessageSystemAttributeNames=["MessageGroupId", "SentTimestamp"],
                    MessageAttributeNames=["All"],
                )
                if not (found := answer.get("Messages", [])):
                    break
                seen += found
        finally:
            self._give_back(seen)
        return sorted(map(self._letter, seen), key=lambda letter: letter.died_ms)

    def _give_back(self, seen: "list[MessageTypeDef]") -> None:
        for start in range(0, len(seen), MAX_RECEIVE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, message in enumerate(seen[start : start + MAX_RECEIVE])
            ]
            self._clients.sqs().change_message_visibility_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]  # the stubs want their own dict

    def _letter(self, message: "MessageTypeDef") -> DeadLetter:
        said = {name: str(value["StringValue"]) for name, value in message.get("MessageAttributes", {}).items()}
        most = self._spec.max_receives
        return DeadLetter(
            body=message["Body"],
            reason=said.get("reason", f"received too often: {most} times without success"),
            message_id=said.get("message_id", message["MessageId"]),
            group=message["Attributes"].get("MessageGroupId"),
            receive_count=int(said.get("receives", most)),
            died_ms=int(message["Attributes"]["SentTimestamp"]),
        )
