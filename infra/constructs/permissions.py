"""The blueprint's grants as IAM statements: exact actions on exact things, and nothing that no grant names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.blueprint import QUEUES, TABLES, Function
from infra.constructs.exceptions import except_from
from infra.constructs.places import Places

type Conditions = Mapping[str, Mapping[str, str]]

_READ = ("dynamodb:GetItem", "dynamodb:Query")
TABLE_ACTIONS = {
    "read": _READ,
    "write": (
        *_READ,
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
    ),
}
QUEUE_ACTIONS = {
    "send": ("sqs:SendMessage", "sqs:GetQueueAttributes"),
    "use": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"),
    "make": ("sqs:CreateQueue", "sqs:GetQueueAttributes"),
    "drop": ("sqs:DeleteQueue",),
}
_CHANGE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
OBJECT_ACTIONS = {
    "read": ("s3:GetObject",),
    "write": _CHANGE,
    "take": (*_CHANGE, "s3:GetObjectTagging", "s3:PutObjectTagging"),
    "empty": ("s3:DeleteObject",),
}
_UNWRAP = ("kms:Decrypt",)
_WRAP = ("kms:Decrypt", "kms:GenerateDataKey")
# Only with this in the encryption context: who opens something says whose it is, and the trail keeps it.
_OF_A_SUBJECT = {"StringLike": {f"kms:EncryptionContext:{name}": "?*" for name in ("tenant", "subject")}}
_OF_THE_ROOT = {"StringEquals": {"kms:EncryptionContext:waypost": "mac-root"}}
KEY_USES: dict[str, tuple[tuple[str, ...], Conditions]] = {
    "unwrap": (_UNWRAP, _OF_A_SUBJECT),
    "wrap": (_WRAP, _OF_A_SUBJECT),
    "mac": (_UNWRAP, _OF_THE_ROOT),
    "root": (_WRAP, _OF_THE_ROOT),
}
# What DynamoDB and S3 ask of the caller for a table or bucket with a key of ours. They ask it by themselves, in the
# caller's name, and the condition lets nobody else: the caller cannot use the key for anything of its own.
STORAGE_ACTIONS = {
    ("dynamodb", "read"): ("kms:Decrypt", "kms:DescribeKey"),
    ("dynamodb", "write"): (
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ),
    ("s3", "read"): ("kms:Decrypt",),
    ("s3", "write"): ("kms:Decrypt", "kms:GenerateDataKey"),
    ("s3", "take"): ("kms:Decrypt", "kms:GenerateDataKey"),
}


# Every pattern that a resource may have, by what it looks like, and why it is no wider than it must be.
PATTERNS = {
    ":log-group:": "The streams of this function's own log group.",
    ":sqs:": "The queues that are made with a session, at run time; no other queue's name begins so.",
    ":s3:": "The objects of one bucket.",
    "/@connections/": "The open connections of one WebSocket API.",
    "*": "X-Ray knows no resources: AWS documents * as the only one for writing traces.",
}


@dataclass(frozen=True, slots=True)
class Grant:
    port: str
    name: str
    access: str

    @classmethod
    def read(cls, text: str) -> "Grant":
        port, name, access = text.split(":")
        return cls(port, name, access)


def attach(scope: Construct, *, role: iam.IRole, statements: Iterable[iam.PolicyStatement]) -> iam.ManagedPolicy:
    """A policy of its own, not inline in the role; two tables ask for the same use of the storage key only once."""
    unlike = list({str(statement.to_statement_json()): statement for statement in statements}.values())
    policy = iam.ManagedPolicy(scope, "Grants", roles=[role], statements=unlike)
    for resource in {resource for statement in unlike for resource in statement.resources if "*" in resource}:
        except_from(policy, ((f"AwsSolutions-IAM5[Resource::{_shown(policy, resource)}]",), _why_a_pattern(resource)))
    return policy


def _why_a_pattern(resource: str) -> str:
    """Fails for a pattern that nobody thought of."""
    return next(why for part, why in PATTERNS.items() if part in resource or part == resource)


def _shown(policy: iam.ManagedPolicy, resource: str) -> str:
    """As the rule pack shows it: `arn:<AWS::Partition>:sqs:…`"""
    resolved = cdk.Stack.of(policy).resolve(resource)
    if isinstance(resolved, str):
        return resolved
    separator, parts = resolved["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)


def granted(grants: Iterable[str], places: Places, *, connections: str) -> list[iam.PolicyStatement]:
    """`connections` is the ARN of the WebSocket API's stage."""
    return [
        statement for text in grants for statement in _statements(Grant.read(text), places, connections=connections)
    ]


def _statements(grant: Grant, places: Places, *, connections: str) -> list[iam.PolicyStatement]:
    match grant.port:
        case "table":
            return _table(grant, places)
        case "queue":
            return _queue(grant, places)
        case "bucket":
            return _bucket(grant, places)
        case "key":
            actions, conditions = KEY_USES[grant.access]
            return [_allow(actions, [places.keys[grant.name]], conditions)]
        case "push":
            resources = [f"{connections}/{method}/@connections/*" for method in ("POST", "DELETE")]
            return [_allow(("execute-api:ManageConnections",), resources)]
    raise ValueError(f"no such port: {grant}")


def _table(grant: Grant, places: Places) -> list[iam.PolicyStatement]:
    table = next(table for table in TABLES if table.name == grant.name)
    arn = places.table(table.name)
    found = [_allow(TABLE_ACTIONS[grant.access], [arn]), _storage(grant.access, "dynamodb", "storage", places)]
    if table.indexes:
        indexes = [f"{arn}/index/{name}" for name, _, _ in table.indexes]
        found.append(_allow(("dynamodb:Query",), indexes))
    return found


def _queue(grant: Grant, places: Places) -> list[iam.PolicyStatement]:
    queue = next(queue for queue in QUEUES if queue.name == grant.name)
    found = [_allow(QUEUE_ACTIONS[grant.access], [places.queue(queue)])]
    if grant.access == "use":  # to bury a message with the reason
        found.append(_allow(("sqs:SendMessage",), [places.dead_letters(queue)]))
    return found


def _bucket(grant: Grant, places: Places) -> list[iam.PolicyStatement]:
    arn = places.bucket(grant.name)
    found = [_allow(OBJECT_ACTIONS[grant.access], [f"{arn}/*"]), _allow(("s3:ListBucket",), [arn])]
    return found if grant.access == "empty" else [*found, _storage(grant.access, "s3", "data", places)]


def _storage(access: str, service: str, key: str, places: Places) -> iam.PolicyStatement:
    via = {"StringEquals": {"kms:ViaService": f"{service}.{places.settings.region}.amazonaws.com"}}
    return _allow(STORAGE_ACTIONS[service, access], [places.keys[key]], via)


def _allow(actions: Iterable[str], resources: list[str], conditions: Conditions | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources, conditions=conditions)


def runtime_statements(function: Function, places: Places) -> list[iam.PolicyStatement]:
    """What Lambda itself needs to run it: its log, its traces, and its queue when a queue calls it."""
    found = [
        _allow(("logs:CreateLogStream", "logs:PutLogEvents"), [places.log_group(function.name)]),
        _allow(("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ["*"]),  # AWS knows no resource here
    ]
    if function.trigger == "queue":
        queue = next(queue for queue in QUEUES if queue.name == function.source)
        found.append(_allow(QUEUE_ACTIONS["use"], [places.queue(queue)]))
    return found
