"""The engine's queues by name: those of the template, and those that come and go with a session."""

import json
import re
from functools import lru_cache

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.engines.aws.places import Places, QueueSpec
from waypost.engines.aws.queue import AwsQueue, no_queue
from waypost.errors import NotFound, ValidationError

DEAD = "-dead"
DEAD_LETTER_SECONDS = 14 * 86_400  # SQS's longest retention
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")  # SQS, with ".fifo"
_WHAT = "the queue service"


class AwsQueues:
    """A handle keeps what it has in flight, so there is one a name; the least used are forgotten."""

    def __init__(self, clients: Clients, places: Places) -> None:
        self._clients = clients
        self._url = places.queue_url
        self._prefix = places.queue_url.rpartition("/")[2]
        self._shared = {spec.name: spec for spec in places.queues if not spec.per_session}
        self._per_session = [spec for spec in places.queues if spec.per_session]
        self.queue = lru_cache(maxsize=256)(self._queue)

    def _queue(self, name: str) -> AwsQueue:
        spec = self._spec(name)
        return AwsQueue(self._clients, self._url + full_name(name, spec), self._url + dead_name(name, spec), spec)

    def create_session_queues(self, session_id: str) -> None:
        for spec in self._per_session:
            create_queue(self._clients, self._prefix, self._session_queue(spec, session_id), spec)

    def delete_session_queues(self, session_id: str) -> None:
        for spec in self._per_session:
            name = self._session_queue(spec, session_id)
            for part in (full_name(name, spec), dead_name(name, spec)):
                try:
                    with ours(_WHAT, no_queue):
                        self._clients.sqs().delete_queue(QueueUrl=self._url + part)
                except NotFound:
                    continue

    def _spec(self, name: str) -> QueueSpec:
        """What a name that no queue has is taken for makes no difference: using it is NotFound."""
        if name in self._shared:
            return self._shared[name]
        made = (spec for spec in self._per_session if name.startswith(f"{spec.name}-"))
        return next(made, QueueSpec(name, fifo=False, visibility_seconds=0, max_receives=1))

    def _session_queue(self, spec: QueueSpec, session_id: str) -> str:
        name = f"{spec.name}-{session_id}"
        longest = self._prefix + dead_name(name, spec).removesuffix(".fifo")
        if not session_id or not _NAME.fullmatch(longest + ("-fifo" if spec.fifo else "")):
            raise ValidationError("a session's id does not make a queue's name", field="session_id")
        return name


def full_name(name: str, spec: QueueSpec) -> str:
    return f"{name}.fifo" if spec.fifo else name


def dead_name(name: str, spec: QueueSpec) -> str:
    return full_name(name + DEAD, spec)


def create_queue(clients: Clients, prefix: str, name: str, spec: QueueSpec) -> None:
    """A queue with its dead letters, unless it is there. Safe to repeat: what it holds stays."""
    dead = _create(clients, prefix + dead_name(name, spec), _fifo(spec) | _kept(DEAD_LETTER_SECONDS))
    redrive = {"deadLetterTargetArn": dead, "maxReceiveCount": str(spec.max_receives)}
    attributes = {
        "VisibilityTimeout": str(spec.visibility_seconds),
        "RedrivePolicy": json.dumps(redrive),
    }
    _create(clients, prefix + full_name(name, spec), _fifo(spec) | _kept(DEAD_LETTER_SECONDS) | attributes)


def _fifo(spec: QueueSpec) -> dict[str, str]:
    """High throughput: limits count per group, and so does deduplication."""
    if not spec.fifo:
        return {}
    return {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def _kept(seconds: int) -> dict[str, str]:
    """Encrypted at rest by SQS; the bodies are ids only."""
    return {"MessageRetentionPeriod": str(seconds), "SqsManagedSseEnabled": "true"}


def _create(clients: Clients, name: str, attributes: dict[str, str]) -> str:
    """The queue's ARN."""
    with ours(_WHAT):
        url = clients.sqs().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # names are right
        answer = clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]
