"""One Lambda function of the blueprint: its code, log, role with exactly its grants, and what calls it by itself."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.blueprint import QUEUES, Function
from infra.constructs.exceptions import except_from
from infra.constructs.log_group import log_group
from infra.constructs.permissions import attach, granted, runtime_statements
from infra.constructs.places import Places

_LEAST_DISK_MB = 512  # what Lambda gives unasked


class WaypostFunction(Construct):
    """`entry` is what callers call: the function, or its warm alias."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        function: Function,
        code: lambda_.Code,
        environment: Mapping[str, str],
        places: Places,
        connections: str,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, id)
        settings = places.settings
        self.blueprint = function
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self._policy = attach(
            self,
            role=role,
            statements=[
                *runtime_statements(function, places),
                *granted(function.grants, places, connections=connections),
            ],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=settings.name(function.name),
            runtime=lambda_.Runtime.FROM_IMAGE if function.image else lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=lambda_.Handler.FROM_IMAGE if function.image else function.handler,
            code=code,
            memory_size=function.memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(function.disk_mb) if function.disk_mb > _LEAST_DISK_MB else None,
            timeout=cdk.Duration.seconds(function.timeout_seconds),
            reserved_concurrent_executions=self._most(settings.scale) if settings.reserve_concurrency else None,
            environment=dict(environment),
            # CDK would add what it thinks is needed; the role has what the blueprint grants, and nothing else.
            role=role.without_policy_updates(),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group(self, "Log", name=function.name, key=log_key, settings=settings),
            retry_attempts=0 if function.trigger == "schedule" else None,
        )
        self.entry = self._warm() if function.warm and settings.warm else self.function
        if function.trigger == "queue":
            self._consume(places, settings.scale)
        if function.trigger == "schedule":
            rate = events.Schedule.rate(cdk.Duration.seconds(int(function.source)))
            events.Rule(self, "Schedule", schedule=rate, targets=[targets.LambdaFunction(self.entry, retry_attempts=0)])
        self._except(settings.reserve_concurrency)

    def _most(self, scale: int) -> int:
        """A schedule never calls twice at once, however large the environment."""
        return self.blueprint.concurrency * (1 if self.blueprint.trigger == "schedule" else scale)

    def _warm(self) -> lambda_.IFunction:
        return lambda_.Alias(
            self,
            "Warm",
            alias_name="warm",
            version=self.function.current_version,
            provisioned_concurrent_executions=1,
        )

    def _consume(self, places: Places, scale: int) -> None:
        queue = next(queue for queue in QUEUES if queue.name == self.blueprint.source)
        mapping = lambda_.EventSourceMapping(
            self,
            "Queue",
            target=self.entry,
            event_source_arn=places.queue(queue),
            batch_size=self.blueprint.batch,
            max_concurrency=self._most(scale),
            report_batch_item_failures=True,
        )
        mapping.node.add_dependency(self._policy)  # SQS asks whether the role may read, when the mapping is made

    def _except(self, reserved: bool) -> None:
        except_from(
            self,
            (
                ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"),
                "Python 3.13 runs in tests, worker and functions alike, and AWS keeps it until 2029; all move at once.",
            ),
            (
                (
                    "NIST.800.53.R5-LambdaDLQ",
                    "Serverless-LambdaDLQ",
                    "Serverless-LambdaAsyncFailureDestination",
                    "Serverless-LambdaEventSourceMappingDestination",
                    "Serverless-EventBusDLQ",
                ),
                "Nothing is lost here: API Gateway waits for the answer, a queue keeps its message and has dead "
                "letters, and a schedule comes again in a minute.",
            ),
            (
                ("NIST.800.53.R5-LambdaInsideVPC",),
                "It needs nothing inside a VPC: AWS services and webhook receivers are reached over TLS, IAM is the "
                "fence, and a VPC would only add NAT gateways and cold starts.",
            ),
        )
        if not reserved:
            except_from(
                self,
                (
                    ("NIST.800.53.R5-LambdaConcurrency",),
                    "Only in dev: a new account has ten executions at once, and AWS lets nobody reserve the last ones.",
                ),
            )
