"""A log group with the environment's retention, encrypted with a key of ours."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.settings import Settings

_DAYS = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
}


def log_group(
    scope: Construct, id: str, *, name: str, key: kms.IKey, settings: Settings, prefix: str = ""
) -> logs.LogGroup:
    """`/waypost/<stage>/<name>`, unless AWS demands a name with a `prefix` of its own."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=f"{prefix}{settings.name(name)}" if prefix else f"/waypost/{settings.stage}/{name}",
        encryption_key=key,
        retention=_DAYS[settings.log_days],
        removal_policy=cdk.RemovalPolicy.DESTROY,  # logs may not outlive their retention, nor their stack
    )
