"""Functions, tables, queues, buckets, keys and tasks in the templates are those of the blueprint, one by one."""

import pytest

from infra.blueprint import (
    BUCKETS,
    DROP,
    EXPIRIES,
    FUNCTIONS,
    KEYS,
    QUEUES,
    TABLES,
    TASKS,
    Function,
    Queue,
    Table,
    Task,
)
from infra.settings import SETTINGS
from tests.infra.cloud import Cloud
from waypost.engines.aws.places import places_from

# What a container has unless it is taken away; Fargate adds nothing back but SYS_PTRACE.
DOCKERS = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
SHARED = [queue for queue in QUEUES if not queue.per_session]


def test_nothing_is_there_that_the_blueprint_does_not_list(cloud: Cloud) -> None:
    name = cloud.settings.name

    def names(kind: str, attribute: str) -> set[str]:
        return {props[attribute] for props in cloud.of_type(kind).values()}

    assert names("AWS::Lambda::Function", "FunctionName") == {name(f.name) for f in FUNCTIONS}
    assert names("AWS::DynamoDB::GlobalTable", "TableName") == {name(table.name) for table in TABLES}
    assert names("AWS::KMS::Alias", "AliasName") == {f"alias/{name(key.name)}" for key in KEYS}
    assert names("AWS::ECS::Service", "ServiceName") == {name(task.name) for task in TASKS}
    assert names("AWS::SQS::Queue", "QueueName") == {
        name(queue.name) + part + (".fifo" if queue.fifo else "") for queue in SHARED for part in ("", "-dead")
    }
    where = f"-{cloud.settings.account}-{cloud.settings.region}"
    assert names("AWS::S3::Bucket", "BucketName") == {name(b) + where for b in (*BUCKETS, DROP.name, "access-log")}


def test_a_buckets_objects_end_with_their_days(cloud: Cloud) -> None:
    for name in BUCKETS:
        where = f"{name}-{cloud.settings.account}-{cloud.settings.region}"
        rules = cloud.named("AWS::S3::Bucket", "BucketName", where)["LifecycleConfiguration"]["Rules"]
        found = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
        kept = cloud.settings.media_keep_days + 1
        assert found == {expiry.prefix: expiry.days or kept for expiry in EXPIRIES if expiry.bucket == name}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_is_as_the_blueprint_says(cloud: Cloud, function: Function) -> None:
    props = cloud.named("AWS::Lambda::Function", "FunctionName", function.name)
    times = 1 if function.trigger == "schedule" else cloud.settings.scale
    packed = ("Image", None, None) if function.image else (None, function.handler, "python3.13")
    assert (props.get("PackageType"), props.get("Handler"), props.get("Runtime")) == packed
    assert (props["MemorySize"], props["Timeout"]) == (function.memory_mb, function.timeout_seconds)
    assert props.get("EphemeralStorage", {"Size": 512}) == {"Size": function.disk_mb}
    assert props["Architectures"] == ["arm64"]
    reserved = function.concurrency * times if cloud.settings.reserve_concurrency else None
    assert props.get("ReservedConcurrentExecutions") == reserved
    assert "VpcConfig" not in props


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.trigger == "queue"], ids=lambda function: function.name)
def test_a_consumer_takes_batches_and_gives_single_messages_back(cloud: Cloud, function: Function) -> None:
    (queue,) = (queue for queue in QUEUES if queue.name == function.source)
    (mapping,) = (
        props
        for props in cloud.of_type("AWS::Lambda::EventSourceMapping").values()
        if props["EventSourceArn"] == cloud.queue(queue)
    )
    assert mapping["BatchSize"] == function.batch
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": function.concurrency * cloud.settings.scale}
    # A batch that takes as long as it may must not come a second time meanwhile.
    assert queue.visibility_seconds >= function.timeout_seconds


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.trigger == "schedule"], ids=lambda f: f.name)
def test_a_schedule_calls_at_its_rate(cloud: Cloud, function: Function) -> None:
    (own,) = [
        name
        for name, made in cloud.of_type("AWS::Lambda::Function").items()
        if made.get("FunctionName", "").endswith(f"-{function.name}")
    ]
    rules = cloud.of_type("AWS::Events::Rule").values()
    (rule,) = [rule for rule in rules if own in str(rule["Targets"])]
    minutes = int(function.source) // 60
    assert rule["ScheduleExpression"] == f"rate({minutes} minute{'s' if minutes > 1 else ''})"


def test_what_is_kept_warm_is_kept_warm_in_production_only(prod: Cloud, dev: Cloud) -> None:
    aliases = prod.of_type("AWS::Lambda::Alias").values()
    assert [alias["ProvisionedConcurrencyConfig"] for alias in aliases] == [
        {"ProvisionedConcurrentExecutions": 1} for function in FUNCTIONS if function.warm
    ]
    assert not dev.of_type("AWS::Lambda::Alias")


def test_the_engine_finds_everything_by_its_environment(cloud: Cloud) -> None:
    """Read back by the engine's own code, so that the two cannot drift."""
    (task,) = cloud.of_type("AWS::ECS::TaskDefinition").values()
    environments = [f["Environment"]["Variables"] for f in cloud.of_type("AWS::Lambda::Function").values()]
    in_task = {each["Name"]: each["Value"] for each in task["ContainerDefinitions"][0]["Environment"]}
    (api,) = cloud.of_type("AWS::ApiGatewayV2::Api")
    for environment in (*environments, in_task):
        places = places_from({"AWS_REGION": cloud.settings.region, **environment})
        assert places.tables == {table.name: cloud.settings.name(table.name) for table in TABLES}
        assert set(places.buckets) == set(BUCKETS)
        assert places.drop == bucket_name(cloud, DROP.name)
        assert places.key == cloud.key("data")
        assert [(s.name, s.fifo, s.visibility_seconds, s.max_receives, s.per_session) for s in places.queues] == [
            (q.name, q.fifo, q.visibility_seconds, q.max_receives, q.per_session) for q in QUEUES
        ]
        region, account = cloud.settings.region, cloud.settings.account
        assert places.queue_url == f"https://sqs.{region}.amazonaws.com/{account}/waypost-{cloud.settings.stage}-"
        assert places.push_url == f"https://<{api}>.execute-api.{region}.amazonaws.com/{cloud.settings.stage}"
        assert environment["WAYPOST_ENGINE"] == "aws"
        assert environment["WAYPOST_WHATSAPP_URL"] == cloud.settings.whatsapp_url


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_its_indexes_and_can_be_restored(cloud: Cloud, table: Table) -> None:
    props = cloud.named("AWS::DynamoDB::GlobalTable", "TableName", table.name)
    assert props["KeySchema"] == _schema("pk", "sk")
    found = {index["IndexName"]: index for index in props.get("GlobalSecondaryIndexes", [])}
    assert {name: index["KeySchema"] for name, index in found.items()} == {
        name: _schema(partition, sort) for name, partition, sort in table.indexes
    }
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in found.values())
    assert props["TimeToLiveSpecification"] == {"AttributeName": table.ttl, "Enabled": True}
    assert props["BillingMode"] == "PAY_PER_REQUEST"
    (replica,) = props["Replicas"]
    assert replica["Region"] == cloud.settings.region
    recovery = replica["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": table.recovery_days}
    assert replica["SSESpecification"]["KMSMasterKeyId"] == cloud.key("storage")


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def test_only_what_may_come_back_is_in_a_daily_backup(cloud: Cloud) -> None:
    selected = str([*cloud.of_type("AWS::Backup::BackupSelection").values()])
    tables = {props["TableName"]: name for name, props in cloud.of_type("AWS::DynamoDB::GlobalTable").items()}
    in_backup = {table.name for table in TABLES if tables[cloud.settings.name(table.name)] in selected}
    assert in_backup == {table.name for table in TABLES if table.daily_backups} == {"main"}


@pytest.mark.parametrize("queue", SHARED, ids=lambda queue: queue.name)
def test_a_queue_is_as_the_blueprint_says(cloud: Cloud, queue: Queue) -> None:
    props = cloud.named("AWS::SQS::Queue", "QueueName", queue.name)
    dead = cloud.named("AWS::SQS::Queue", "QueueName", f"{queue.name}-dead")
    (dead_id,) = (n for n, p in cloud.of_type("AWS::SQS::Queue").items() if p["QueueName"] == dead["QueueName"])
    assert props["RedrivePolicy"] == {"deadLetterTargetArn": f"<{dead_id}>.Arn", "maxReceiveCount": queue.max_receives}
    fifo = {"FifoQueue": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    for each in (props, dead):
        assert each["VisibilityTimeout"] == queue.visibility_seconds
        assert each["MessageRetentionPeriod"] == queue.kept_days * 86_400
        assert each["SqsManagedSseEnabled"] is True
        assert {name: each.get(name) for name in fifo} == (fifo if queue.fifo else dict.fromkeys(fifo))


def bucket_name(cloud: Cloud, name: str) -> str:
    return f"{cloud.settings.name(name)}-{cloud.settings.account}-{cloud.settings.region}"


def test_nothing_stays_in_the_drop_and_its_queue_is_told_of_what_comes(cloud: Cloud) -> None:
    ((made, props),) = [
        each
        for each in cloud.of_type("AWS::S3::Bucket").items()
        if each[1]["BucketName"] == bucket_name(cloud, DROP.name)
    ]
    assert not {"VersioningConfiguration", "LoggingConfiguration", "ReplicationConfiguration"} & set(props)
    (rule,) = props["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], rule["Status"], "Prefix" in rule) == (DROP.emptied_days, "Enabled", False)
    encryption = props["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
    assert encryption == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": cloud.key("data")}
    (queue,) = (name for name, each in cloud.of_type("AWS::SQS::Queue").items() if each["QueueName"].endswith("-drop"))
    (told,) = props["NotificationConfiguration"]["QueueConfigurations"]
    assert (told["Event"], told["Queue"]) == ("s3:ObjectCreated:*", f"<{queue}>.Arn")
    assert told["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": DROP.prefix}]
    (policy,) = (
        (name, each) for name, each in cloud.of_type("AWS::SQS::QueuePolicy").items() if "s3.amazonaws.com" in str(each)
    )
    assert policy[1]["Queues"] == [f"<{queue}>"]
    (s3,) = (s for s in policy[1]["PolicyDocument"]["Statement"] if s["Principal"] == {"Service": "s3.amazonaws.com"})
    assert s3["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{props['BucketName']}"},
        "StringEquals": {"aws:SourceAccount": cloud.settings.account},
    }
    assert policy[0] in dict(cloud.resources("AWS::S3::Bucket"))[made]["DependsOn"]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_has_room_and_time(cloud: Cloud, task: Task) -> None:
    (props,) = cloud.of_type("AWS::ECS::TaskDefinition").values()
    size = cloud.settings.workers
    assert (props["Cpu"], props["Memory"]) == (str(1024 * size.vcpu), str(1024 * size.memory_gb))
    assert (size.vcpu, size.memory_gb, size.disk_gb) >= (task.vcpu, task.memory_gb, task.disk_gb)
    assert props.get("EphemeralStorage", {"SizeInGiB": 20})["SizeInGiB"] == size.disk_gb
    assert props["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    (container,) = props["ContainerDefinitions"]
    assert container["EntryPoint"] == ["python3", "-m", task.module]
    assert container["StopTimeout"] == 120
    assert container["ReadonlyRootFilesystem"] is True
    assert set(container["LinuxParameters"]["Capabilities"]["Drop"]) == DOCKERS - {"CHOWN", "KILL", "SETGID", "SETUID"}
    assert "PortMappings" not in container


def test_a_service_rolls_back_and_has_no_public_address(cloud: Cloud) -> None:
    (props,) = cloud.of_type("AWS::ECS::Service").values()
    assert props["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert props["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    (target,) = cloud.of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
    workers = cloud.settings.workers
    assert (target["MinCapacity"], target["MaxCapacity"]) == (workers.least, workers.most)


def test_environments_have_room_for_what_they_run() -> None:
    """Without a look-up nobody else notices a placeholder that was forgotten in one of two places."""
    for settings in SETTINGS.values():
        assert settings.nat_gateways <= len(settings.zones)
        assert all(zone.startswith(settings.region) for zone in settings.zones)
