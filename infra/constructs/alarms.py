"""What wakes somebody (R-OPS-4): a topic to the environment's contact, and alarms on what may go wrong."""

from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.blueprint import FUNCTIONS, QUEUES, Queue
from infra.constructs.exceptions import except_from
from infra.constructs.places import queue_name
from infra.settings import Settings

type Severity = Literal["critical", "warning"]

_FIVE_MINUTES = cdk.Duration.minutes(5)
# Share of answers 5xx, and the 95th percentile of milliseconds.
ERROR_RATE: dict[Severity, float] = {"critical": 0.05, "warning": 0.01}
RESPONSE_MS: dict[Severity, int] = {"critical": 5000, "warning": 2000}
UNCLAIMED_SECONDS = 300  # a session that found no worker for so long


class Alarms(Construct):
    def __init__(self, scope: Construct, id: str, *, key: kms.IKey, settings: Settings) -> None:
        super().__init__(scope, id)
        self._settings = settings
        topic = sns.Topic(self, "Topic", topic_name=settings.name("alarms"), master_key=key, enforce_ssl=True)
        topic.add_subscription(subscriptions.EmailSubscription(settings.contact))
        except_from(
            topic,
            (
                ("Serverless-SNSRedrivePolicy",),
                "Mail cannot be redriven; the alarm itself stays to be seen until its cause is gone.",
            ),
        )
        self._action = actions.SnsAction(topic)

    def watch_api(self, api: str) -> None:
        dimensions = {"ApiName": api, "Stage": self._settings.stage}
        for severity in ("critical", "warning"):
            self._alarm(
                f"api-errors-{severity}",
                _metric("AWS/ApiGateway", "5XXError", dimensions, "Average"),
                ERROR_RATE[severity],
                f"{severity}: more than {ERROR_RATE[severity]:.0%} of the API's answers are errors",
            )
            self._alarm(
                f"api-response-time-{severity}",
                _metric("AWS/ApiGateway", "Latency", dimensions, "p95"),
                RESPONSE_MS[severity],
                f"{severity}: one answer in twenty takes longer than {RESPONSE_MS[severity]} ms",
            )

    def watch_functions(self) -> None:
        for function in FUNCTIONS:
            dimensions = {"FunctionName": self._settings.name(function.name)}
            for name, what in (("Errors", "failed"), ("Throttles", "found no free execution")):
                self._alarm(
                    f"{function.name}-{name.lower()}",
                    _metric("AWS/Lambda", name, dimensions, "Sum"),
                    0,
                    f"warning: calls of {function.name} {what}, for ten minutes",
                    times=2,
                )

    def watch_queues(self) -> None:
        """Those made per session come and go too often for alarms of their own; their messages end as failed, which
        the log tells."""
        for queue in QUEUES:
            if queue.per_session:
                continue
            self._alarm(
                f"{queue.name}-dead-letters",
                depth(self._settings, queue, dead=True),
                0,
                f"critical: a message of {queue.name} could not be handled; its reason is with it",
            )
        claims = next(queue for queue in QUEUES if queue.name == "claims")
        self._alarm(
            "unclaimed-sessions",
            _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", _queue_dimensions(self._settings, claims), "Maximum"),
            UNCLAIMED_SECONDS,
            "critical: a session finds no worker with a free place",
        )

    def watch_service(self, cluster: str, service: str, least: int) -> None:
        dimensions = {"ClusterName": cluster, "ServiceName": service}
        for name in ("CPUUtilization", "MemoryUtilization"):
            self._alarm(
                f"{service}-{name.removesuffix('Utilization').lower()}",
                _metric("AWS/ECS", name, dimensions, "Average"),
                85,
                f"warning: {name} of the workers is over 85 %",
                times=3,
            )
        self._alarm(
            f"{service}-tasks",
            _metric("ECS/ContainerInsights", "RunningTaskCount", dimensions, "Minimum"),
            least,
            f"critical: fewer than {least} workers run",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            times=2,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: str,
        *,
        comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        times: int = 1,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=self._settings.name(name),
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=times,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)


def depth(settings: Settings, queue: Queue, *, dead: bool = False) -> cloudwatch.Metric:
    """How many messages wait."""
    dimensions = _queue_dimensions(settings, queue, dead=dead)
    return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, "Maximum")


def _queue_dimensions(settings: Settings, queue: Queue, *, dead: bool = False) -> dict[str, str]:
    return {"QueueName": queue_name(settings, queue, dead=dead)}


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=_FIVE_MINUTES,
    )
