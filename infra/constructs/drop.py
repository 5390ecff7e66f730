"""The drop: a bucket that callers put files into, and the word that its queue gets of each.

What lies there is as it came, and its names hold numbers. So nothing of it stays: no versions, no copies elsewhere, an
end by lifecycle, and no access log, because S3 writes an object's whole name into each of its lines, for as long as the
log is kept. What a request metric counts it counts without names.
"""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.blueprint import Drop
from infra.constructs.bucket import NOT_REPLICATED
from infra.constructs.exceptions import except_from
from infra.constructs.places import bucket_name
from infra.settings import Settings


class DropBucket(Construct):
    def __init__(
        self, scope: Construct, id: str, *, drop: Drop, key: kms.IKey, queue: sqs.Queue, settings: Settings
    ) -> None:
        super().__init__(scope, id)
        name = bucket_name(settings, drop.name)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=False,
            metrics=[s3.BucketMetrics(id="all")],
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(drop.emptied_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        self._tell(drop, queue, f"arn:{cdk.Aws.PARTITION}:s3:::{name}", settings)
        except_from(
            self.bucket,
            NOT_REPLICATED,
            (
                ("NIST.800.53.R5-S3BucketVersioningEnabled",),
                "What was put there is gone when it is taken away: a version would keep what may not stay.",
            ),
            (
                ("AwsSolutions-S1", "NIST.800.53.R5-S3BucketLoggingEnabled"),
                "An access log holds the objects' names, which hold numbers (P6). Metrics count without names.",
            ),
        )

    def _tell(self, drop: Drop, queue: sqs.Queue, bucket: str, settings: Settings) -> None:
        """Without the function that CDK would add for it. S3 asks whether it may send when it is told to."""
        let_in = queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": bucket},
                    "StringEquals": {"aws:SourceAccount": settings.account},
                },
            )
        )
        made = cast("s3.CfnBucket", self.bucket.node.default_child)
        made.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=drop.prefix)]
                        )
                    ),
                )
            ]
        )
        if let_in.policy_dependable is not None:
            made.node.add_dependency(let_in.policy_dependable)
