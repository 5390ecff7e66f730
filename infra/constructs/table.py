"""A DynamoDB table: on demand, encrypted with a key of ours, restorable to any second of the last days."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blueprint import Table
from infra.settings import Settings


class WaypostTable(Construct):
    def __init__(self, scope: Construct, id: str, *, table: Table, key: kms.IKey, settings: Settings) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            table_name=settings.name(table.name),
            partition_key=_string("pk"),
            sort_key=_string("sk"),
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=name, partition_key=_string(partition), sort_key=_string(sort)
                )
                for name, partition, sort in table.indexes
            ],
            billing=dynamodb.Billing.on_demand(),
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(key),
            time_to_live_attribute=table.ttl,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=table.recovery_days
            ),
            deletion_protection=settings.keep_data,
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
        )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
