"""Makes the places of a stage where no cloud template can: on stand-ins for AWS. Safe to repeat: what is there stays.

In the cloud the template makes tables, queues, buckets and key; the tests show that it makes them like this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.engines.aws.places import Places, QueueSpec
from waypost.engines.aws.queues import create_queue
from waypost.errors import WaypostError

_ALIAS = "alias/waypost-data"


@dataclass(frozen=True, slots=True)
class TableSpec:
    name: str
    indexes: tuple[tuple[str, str, str], ...] = ()  # (index name, partition attribute, sort attribute)
    ttl: str = "ttl"


class _Present(WaypostError):
    """It is there already."""


def build_places(
    *,
    region: str,
    endpoints: Mapping[str, str],
    queue_url: str,
    tables: Sequence[TableSpec],
    queues: Sequence[QueueSpec],
    buckets: Sequence[str],
    drop: tuple[str, str, str] | None = None,
    push_url: str = "",
) -> Places:
    """`drop` is the drop's bucket, the queue that is told of what is put into it, and under which prefix. `queue_url`
    ends in the prefix that every name gets, as in the environment that the places come to."""
    prefix = queue_url.rpartition("/")[2]
    bare = Places(region, {}, {}, "", queue_url, queues, push_url, endpoints=endpoints)
    clients = Clients(bare)
    try:
        for table in tables:
            _make_table(clients, prefix + table.name, table)
        for spec in queues:
            if not spec.per_session:
                create_queue(clients, prefix, spec.name, spec)
        for bucket in buckets:
            _make_bucket(clients, prefix + bucket, region)
        if drop is not None:
            _make_drop(clients, prefix + drop[0], prefix + drop[1], drop[2], region)
        key = _make_key(clients)
    finally:
        clients.close()
    names = {table.name: prefix + table.name for table in tables}
    made = {name: prefix + name for name in buckets}
    dropped_in = prefix + drop[0] if drop is not None else ""
    return Places(region, names, made, key, queue_url, queues, push_url, dropped_in, endpoints)


def _make_table(clients: Clients, name: str, spec: TableSpec) -> None:
    keys = sorted({"pk", "sk", *(attribute for _, *pair in spec.indexes for attribute in pair)})
    indexes = [
        {"IndexName": index, "KeySchema": _key_schema(partition, sort), "Projection": {"ProjectionType": "ALL"}}
        for index, partition, sort in spec.indexes
    ]
    more: dict[str, Any] = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    try:
        with ours("the table", _present):
            clients.dynamodb().create_table(
                TableName=name,
                KeySchema=_key_schema("pk", "sk"),
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
                **more,
            )
            clients.dynamodb().update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": spec.ttl}
            )
    except _Present:
        return


def _key_schema(partition: str, sort: str) -> list[Any]:  # the stubs want dicts of their own
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _make_bucket(clients: Clients, name: str, region: str) -> None:
    try:
        with ours("the bucket", _present):
            clients.s3().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]  # any region
    except _Present:
        return


def _make_drop(clients: Clients, name: str, queue: str, below: str, region: str) -> None:
    _make_bucket(clients, name, region)
    with ours("the drop"):
        url = clients.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
        names = clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        told: Any = {
            "QueueArn": names["Attributes"]["QueueArn"],
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": below}]}},
        }
        clients.s3().put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [told]}
        )


def _make_key(clients: Clients) -> str:
    with ours("the key service"):
        for alias in clients.kms().list_aliases()["Aliases"]:
            if alias["AliasName"] == _ALIAS:
                return alias["AliasArn"]
        key = clients.kms().create_key()["KeyMetadata"]["KeyId"]
        clients.kms().create_alias(AliasName=_ALIAS, TargetKeyId=key)
        return key


def _present(code: str) -> WaypostError | None:
    here = ("ResourceInUseException", "BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    return _Present("it is there already") if code in here else None
