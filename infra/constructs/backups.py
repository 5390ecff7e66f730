"""Daily backups of tables into a vault of their own (R-OPS-2), beside point-in-time recovery."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.exceptions import except_from
from infra.settings import Settings


class DailyBackups(Construct):
    """`tables` are with the days that a backup is kept."""

    def __init__(
        self, scope: Construct, id: str, *, tables: Mapping[dynamodb.ITableV2, int], key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, id)
        vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=settings.name("daily"),
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSBackupServiceRolePolicyForBackup")
            ],
        )
        except_from(
            role,
            (
                (
                    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                    "AWSBackupServiceRolePolicyForBackup]",
                ),
                "AWS maintains what its backup service needs; only that service can take the role.",
            ),
        )
        for table, days in tables.items():
            plan = backup.BackupPlan(self, f"Plan{table.node.addr[-6:]}", backup_vault=vault)
            plan.add_rule(
                backup.BackupPlanRule(
                    schedule_expression=events.Schedule.cron(hour="3", minute="0"),
                    delete_after=cdk.Duration.days(days),
                )
            )
            plan.add_selection(
                "Table",
                role=role.without_policy_updates(),
                resources=[backup.BackupResource.from_arn(table.table_arn)],
                disable_default_backup_policy=True,
            )
