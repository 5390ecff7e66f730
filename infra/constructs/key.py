"""A customer-managed KMS key, rotated yearly."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blueprint import Key
from infra.settings import Settings


class WaypostKey(Construct):
    def __init__(self, scope: Construct, id: str, *, key: Key, settings: Settings) -> None:
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            alias=settings.name(key.name),
            description=f"Waypost {settings.stage}: {key.name} key",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30 if settings.keep_data else 7),
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        if key.used_by == "services":
            self._let_services_in(settings)

    def _let_services_in(self, settings: Settings) -> None:
        """DynamoDB and S3 come in their caller's name. These come in their own."""
        stack = cdk.Stack.of(self)
        logs = [
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for name in (f"/waypost/{settings.stage}/*", f"aws-waf-logs-{settings.name('*')}")
        ]
        self._let_in(f"logs.{settings.region}.amazonaws.com", {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}})
        own = {"StringEquals": {"aws:SourceAccount": settings.account}}
        self._let_in("cloudwatch.amazonaws.com", own)  # alarms into the topic

    def _let_in(self, service: str, conditions: Mapping[str, object]) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                resources=["*"],  # in a key's own policy this is the key
                conditions=conditions,
            )
        )
