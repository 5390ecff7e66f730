"""An SQS queue and its dead letters.

Encrypted with SQS's own key: messages carry opaque ids and numbers, never a body (decision 5), and a key of ours would
cost a KMS call for every few messages.
"""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.blueprint import Queue
from infra.constructs.exceptions import except_from
from infra.constructs.places import queue_name
from infra.settings import Settings


class WaypostQueue(Construct):
    """`id` is the queue's name. What is made per session is made by the API with the same attributes."""

    def __init__(self, scope: Construct, id: str, *, queue: Queue, settings: Settings) -> None:
        super().__init__(scope, id)
        self.dead_letters = self._queue("Dead", queue, queue_name(settings, queue, dead=True))
        self.queue = self._queue(
            "Queue",
            queue,
            queue_name(settings, queue),
            sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=queue.max_receives),
        )
        except_from(
            self,
            (
                ("Serverless-SQSRedrivePolicy",),
                "The queue of the dead letters is the end: what lies there waits for a person, with an alarm.",
            ),
        )

    def _queue(self, id: str, queue: Queue, name: str, dead_letters: sqs.DeadLetterQueue | None = None) -> sqs.Queue:
        return sqs.Queue(
            self,
            id,
            queue_name=name,
            visibility_timeout=cdk.Duration.seconds(queue.visibility_seconds),
            retention_period=cdk.Duration.days(queue.kept_days),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=dead_letters,
            fifo=queue.fifo or None,  # CloudFormation refuses a false
            # Both together are the high-throughput mode: no limit is shared between two groups.
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP if queue.fifo else None,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID if queue.fifo else None,
        )
