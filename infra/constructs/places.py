"""Where everything is in one environment: the physical names of the blueprint's things, and their ARNs.

Names are made here and not asked of the other stack, so that the stacks share no exports, which would forbid changing
either of them. What the engine reads back from the environment is written here, too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk

from infra.blueprint import BUCKETS, DROP, QUEUES, TABLES, Queue
from infra.settings import Settings


@dataclass(frozen=True, slots=True)
class Places:
    stack: cdk.Stack
    settings: Settings
    keys: Mapping[str, str]  # ARN by the blueprint's name

    def table(self, name: str) -> str:
        return self._arn("dynamodb", "table", self.settings.name(name))

    def bucket(self, name: str) -> str:
        return f"arn:{cdk.Aws.PARTITION}:s3:::{bucket_name(self.settings, name)}"

    def queue(self, queue: Queue) -> str:
        """A queue's ARN; of one that is made per session, the pattern of all of them, with their dead letters."""
        return self._arn("sqs", queue_name(self.settings, queue, session="*" if queue.per_session else ""))

    def dead_letters(self, queue: Queue) -> str:
        if queue.per_session:
            return self.queue(queue)
        return self._arn("sqs", queue_name(self.settings, queue, dead=True))

    def log_group(self, name: str) -> str:
        return self._arn("logs", "log-group", f"/waypost/{self.settings.stage}/{name}:*", separator=":")

    def _arn(self, service: str, resource: str, name: str | None = None, *, separator: str = "/") -> str:
        """`separator` is ignored without a name: an SQS queue's ARN has no type."""
        if name is None:
            return f"arn:{cdk.Aws.PARTITION}:{service}:{self.settings.region}:{self.settings.account}:{resource}"
        return (
            f"arn:{cdk.Aws.PARTITION}:{service}:{self.settings.region}:{self.settings.account}"
            f":{resource}{separator}{name}"
        )


def queue_name(settings: Settings, queue: Queue, *, session: str = "", dead: bool = False) -> str:
    """`waypost-dev-interactive-ses_1-dead.fifo`"""
    parts = [settings.name(queue.name), *([session] if session else []), *(["dead"] if dead else [])]
    return "-".join(parts) + (".fifo" if queue.fifo and session != "*" else "")


def bucket_name(settings: Settings, name: str) -> str:
    """Account and region make it unique in the world."""
    return f"{settings.name(name)}-{settings.account}-{settings.region}"


def engine_environment(places: Places, *, push_url: str) -> dict[str, str]:
    """What `waypost.settings` and `waypost.engines.aws.places` read. The same for all: names are no secrets, grants
    decide who may use what is behind them."""
    settings = places.settings
    specs = [[q.name, q.fifo, q.visibility_seconds, q.max_receives, q.per_session] for q in QUEUES]
    return {
        "WAYPOST_ENGINE": "aws",
        "WAYPOST_STAGE": settings.stage,
        "WAYPOST_LIMITS": json.dumps(settings.limits, separators=(",", ":")),
        "WAYPOST_WHATSAPP_URL": settings.whatsapp_url,
        "WAYPOST_MEDIA_KEEP_DAYS": str(settings.media_keep_days),
        **{f"WAYPOST_TABLE_{table.name.upper()}": settings.name(table.name) for table in TABLES},
        **{f"WAYPOST_BUCKET_{name.upper()}": bucket_name(settings, name) for name in BUCKETS},
        "WAYPOST_DROP": bucket_name(settings, DROP.name),
        "WAYPOST_KEY": places.keys["data"],
        "WAYPOST_QUEUE_URL": f"https://sqs.{settings.region}.amazonaws.com/{settings.account}/{settings.name('')}",
        "WAYPOST_QUEUES": json.dumps(specs, separators=(",", ":")),
        "WAYPOST_PUSH_URL": push_url,
        "POWERTOOLS_SERVICE_NAME": "waypost",
        "POWERTOOLS_METRICS_NAMESPACE": "Waypost",
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
    }
