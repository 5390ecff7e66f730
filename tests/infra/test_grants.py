"""Every role may do what the blueprint grants it, and nothing else: compared action by action, thing by thing."""

import json
from collections.abc import Iterable

import pytest

from infra.blueprint import FUNCTIONS, QUEUES, TABLES, TASKS, Function, Task
from tests.infra.cloud import Allowed, Cloud, listed, statements

# Written down a second time on purpose: the grants' words mean this, whatever the stack makes of them.
TABLE = {
    "read": {"GetItem", "Query"},
    "write": {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"},
}
TABLE_KEY = {
    "read": {"Decrypt", "DescribeKey"},
    "write": {"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"},
}
QUEUE = {
    "send": {"SendMessage", "GetQueueAttributes"},
    "use": {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"},
    "make": {"CreateQueue", "GetQueueAttributes"},
    "drop": {"DeleteQueue"},
}
OBJECT = {
    "read": {"GetObject"},
    "write": {"GetObject", "PutObject", "DeleteObject"},
    "take": {"GetObject", "PutObject", "DeleteObject", "GetObjectTagging", "PutObjectTagging"},
    "empty": {"DeleteObject"},
}
OBJECT_KEY: dict[str, set[str]] = {
    "read": {"Decrypt"},
    "write": {"Decrypt", "GenerateDataKey"},
    "take": {"Decrypt", "GenerateDataKey"},
    "empty": set(),
}
SUBJECT = {"StringLike": {"kms:EncryptionContext:tenant": "?*", "kms:EncryptionContext:subject": "?*"}}
ROOT = {"StringEquals": {"kms:EncryptionContext:waypost": "mac-root"}}
KEY = {
    "unwrap": ({"Decrypt"}, SUBJECT),
    "wrap": ({"Decrypt", "GenerateDataKey"}, SUBJECT),
    "mac": ({"Decrypt"}, ROOT),
    "root": ({"Decrypt", "GenerateDataKey"}, ROOT),
}
# Where AWS documents no resource to name.
NO_RESOURCE_LEVEL = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "ecr:GetAuthorizationToken"}


def meant(cloud: Cloud, grants: Iterable[str]) -> set[Allowed]:
    return {entry for grant in grants for entry in _meant(cloud, *grant.split(":"))}


def _meant(cloud: Cloud, port: str, name: str, access: str) -> set[Allowed]:
    if port == "table":
        arn = cloud.arn("dynamodb", f"table/{cloud.settings.name(name)}")
        (table,) = (table for table in TABLES if table.name == name)
        indexes = [f"{arn}/index/{index}" for index, _, _ in table.indexes]
        return (
            _entries("dynamodb", TABLE[access], arn)
            | {entry for index in indexes for entry in _entries("dynamodb", {"Query"}, index)}
            | _entries("kms", TABLE_KEY[access], cloud.key("storage"), _via(cloud, "dynamodb"))
        )
    if port == "queue":
        (queue,) = (queue for queue in QUEUES if queue.name == name)
        buried = _entries("sqs", {"SendMessage"}, cloud.queue(queue, dead=True)) if access == "use" else set()
        return _entries("sqs", QUEUE[access], cloud.queue(queue)) | buried
    if port == "bucket":
        bucket = f"arn:aws:s3:::{cloud.settings.name(name)}-{cloud.settings.account}-{cloud.settings.region}"
        return (
            _entries("s3", OBJECT[access], f"{bucket}/*")
            | _entries("s3", {"ListBucket"}, bucket)
            | _entries("kms", OBJECT_KEY[access], cloud.key("data"), _via(cloud, "s3"))
        )
    if port == "key":
        actions, condition = KEY[access]
        return _entries("kms", actions, cloud.key(name), condition)
    assert (port, name, access) == ("push", "*", "post")
    (api,) = cloud.of_type("AWS::ApiGatewayV2::Api")
    stage = cloud.arn("execute-api", f"<{api}>/{cloud.settings.stage}")
    return {
        entry
        for method in ("POST", "DELETE")
        for entry in _entries("execute-api", {"ManageConnections"}, f"{stage}/{method}/@connections/*")
    }


def _via(cloud: Cloud, service: str) -> object:
    return {"StringEquals": {"kms:ViaService": f"{service}.{cloud.settings.region}.amazonaws.com"}}


def _entries(service: str, actions: Iterable[str], resource: str, condition: object = None) -> set[Allowed]:
    return {(f"{service}:{action}", resource, json.dumps(condition or {}, sort_keys=True)) for action in actions}


def _its_own(cloud: Cloud, function: Function) -> set[Allowed]:
    """What Lambda needs to run it."""
    log = cloud.arn("logs", f"log-group:/waypost/{cloud.settings.stage}/{function.name}:*")
    own = _entries("logs", {"CreateLogStream", "PutLogEvents"}, log)
    own |= _entries("xray", {"PutTraceSegments", "PutTelemetryRecords"}, "*")
    if function.trigger == "queue":
        (queue,) = (queue for queue in QUEUES if queue.name == function.source)
        own |= _entries("sqs", QUEUE["use"], cloud.queue(queue))
    return own


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_may_what_the_blueprint_grants_and_no_more(cloud: Cloud, function: Function) -> None:
    role = cloud.named("AWS::Lambda::Function", "FunctionName", function.name)["Role"].removesuffix(".Arn")
    assert cloud.allowed(role) == meant(cloud, function.grants) | _its_own(cloud, function)
    assert only_its_policies(cloud, role)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_may_what_the_blueprint_grants_and_no_more(cloud: Cloud, task: Task) -> None:
    (definition,) = cloud.of_type("AWS::ECS::TaskDefinition").values()
    role = definition["TaskRoleArn"].removesuffix(".Arn")
    assert cloud.allowed(role) == meant(cloud, task.grants)
    assert only_its_policies(cloud, role)


def only_its_policies(cloud: Cloud, role: str) -> bool:
    """Nothing inline, nothing that AWS manages, nothing attached from elsewhere."""
    props = cloud.of_type("AWS::IAM::Role")[role.strip("<>")]
    inline = [policy for policy in cloud.of_type("AWS::IAM::Policy").values() if role in policy["Roles"]]
    return not inline and "Policies" not in props and "ManagedPolicyArns" not in props


def test_no_policy_names_all_actions_or_all_things(cloud: Cloud) -> None:
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for name, props in cloud.of_type(kind).items():
            for statement in statements(props["PolicyDocument"]):
                assert not [action for action in listed(statement["Action"]) if "*" in action], name
                if "*" in listed(statement["Resource"]):
                    assert set(listed(statement["Action"])) <= NO_RESOURCE_LEVEL, name


def test_policies_fit_into_what_aws_takes(cloud: Cloud) -> None:
    for name, props in cloud.of_type("AWS::IAM::ManagedPolicy").items():
        assert len(json.dumps(props["PolicyDocument"], separators=(",", ":"))) < 6144, name


def test_a_pattern_for_session_queues_reaches_no_other_queue() -> None:
    shared = [queue.name for queue in QUEUES if not queue.per_session]
    assert not [
        (queue.name, name) for queue in QUEUES if queue.per_session for name in shared if name.startswith(queue.name)
    ]
