"""What is stateful and outlives the service: keys, tables, shared queues, buckets, backups, the workers' addresses."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.blueprint import BUCKETS, DROP, KEYS, QUEUES, TABLES
from infra.constructs.backups import DailyBackups
from infra.constructs.bucket import AccessLog, WaypostBucket
from infra.constructs.drop import DropBucket
from infra.constructs.key import WaypostKey
from infra.constructs.queue import WaypostQueue
from infra.constructs.table import WaypostTable
from infra.settings import Settings


class DataStack(cdk.Stack):
    """`keys` by the blueprint's names, `addresses` are the allocation ids of the fixed egress addresses."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            stack_name=settings.name("data"),
            description=f"Waypost {settings.stage}: what is kept",
            termination_protection=settings.keep_data,
        )
        self.keys = {key.name: WaypostKey(self, f"{key.name}-key", key=key, settings=settings).key for key in KEYS}
        storage, data = self.keys["storage"], self.keys["data"]
        tables = {
            table: WaypostTable(self, f"{table.name}-table", table=table, key=storage, settings=settings).table
            for table in TABLES
        }
        DailyBackups(
            self,
            "backups",
            tables={tables[table]: table.recovery_days for table in TABLES if table.daily_backups},
            key=storage,
            settings=settings,
        )
        queues = {
            queue.name: WaypostQueue(self, f"{queue.name}-queue", queue=queue, settings=settings).queue
            for queue in QUEUES
            if not queue.per_session
        }
        access_log = AccessLog(self, "access-log", settings=settings).bucket
        for name in BUCKETS:
            WaypostBucket(self, f"{name}-bucket", name=name, key=data, access_log=access_log, settings=settings)
        DropBucket(self, "drop-bucket", drop=DROP, key=data, queue=queues[DROP.queue], settings=settings)
        self.addresses = [self._address(number, settings) for number in range(settings.nat_gateways)]

    def _address(self, number: int, settings: Settings) -> str:
        """Kept here, because a session whose address jumps looks stolen to WhatsApp (R-SAFE-3)."""
        address = ec2.CfnEIP(self, f"Address{number}", domain="vpc")
        address.apply_removal_policy(cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY)
        return address.attr_allocation_id
