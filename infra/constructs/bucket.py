"""An S3 bucket: private, versioned, TLS only, encrypted with a key of ours; and the one that keeps its access log."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.blueprint import EXPIRIES, FORGOTTEN_DAYS
from infra.constructs.exceptions import except_from
from infra.constructs.places import bucket_name
from infra.settings import Settings

_LOG_FORGOTTEN_DAYS = 7


class WaypostBucket(Construct):
    def __init__(
        self, scope: Construct, id: str, *, name: str, key: kms.IKey, access_log: s3.IBucket, settings: Settings
    ) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name(settings, name),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,  # one KMS call for many objects
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=access_log,
            server_access_logs_prefix=f"{name}/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=cdk.Duration.days(FORGOTTEN_DAYS[name]),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
                *_expiries(name, settings),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        except_from(self.bucket, NOT_REPLICATED)


def _expiries(bucket: str, settings: Settings) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            prefix=expiry.prefix, expiration=cdk.Duration.days(expiry.days or settings.media_keep_days + 1)
        )
        for expiry in EXPIRIES
        if expiry.bucket == bucket
    ]


class AccessLog(Construct):
    """Who read or wrote which object. S3 delivers such logs only into buckets with its own encryption."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name(settings, "access-log"),
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(settings.log_days),
                    noncurrent_version_expiration=cdk.Duration.days(_LOG_FORGOTTEN_DAYS),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        except_from(
            self.bucket,
            NOT_REPLICATED,
            (("NIST.800.53.R5-S3DefaultEncryptionKMS",), "S3 cannot deliver access logs into a bucket with a KMS key."),
        )


NOT_REPLICATED = (
    ("NIST.800.53.R5-S3BucketReplicationEnabled",),
    "A tenant's data stays in the region it chose (R-PRIV-9); a second region is an environment's own choice.",
)
