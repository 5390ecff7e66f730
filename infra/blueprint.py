"""The floor plan: every function, queue, table, bucket, key, schedule and task of Waypost, and nothing else lists them.

Two builders read it: `infra/stacks` (the cloud, by CDK) and `infra/local` (one machine). Plain data, no imports of ours.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    indexes: tuple[tuple[str, str, str], ...]  # (index name, partition attribute, sort attribute)
    recovery_days: int  # how far back a point-in-time restore can go
    ttl: str = "ttl"  # unix seconds; deletes lag, so readers filter too


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    fifo: bool
    visibility_seconds: int
    max_receives: int  # then the message goes to the queue's dead letters, with the reason
    per_session: bool = False  # made with the session as "{name}-{session id}"


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    handler: str  # module and function below functions/, as Lambda imports it
    trigger: Literal["rest", "websocket", "authorizer", "queue", "schedule"]
    source: str = ""  # the queue, or the schedule's rate in seconds
    batch: int = 1
    concurrency: int = 2  # of a queue's consumer on one machine; the maximum concurrency in the cloud
    memory_mb: int = 512
    timeout_seconds: int = 29
    grants: tuple[str, ...] = ()  # "port:name:access"


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    module: str
    vcpu: float
    memory_gb: int
    disk_gb: int
    max_sessions: int
    grants: tuple[str, ...] = ()


TABLES = (
    Table(
        "main",
        indexes=(
            ("by_chat", "chat_pk", "chat_sk"),  # messages of a chat, newest last
            ("by_due", "due_pk", "due_sk"),  # messages not yet settled, by lane and acceptance (sparse)
            ("by_owner", "owner_pk", "owner_sk"),  # things of a tenant or of all, by kind (sparse)
        ),
        recovery_days=35,
    ),
    Table(
        "keys", indexes=(), recovery_days=7
    ),  # short on purpose: an erased key must not come back (decision 13)
)

QUEUES = (
    # A session's lanes: ids of due messages only; group = chat. Visibility equals the lease time (decision 5).
    Queue("interactive", fifo=True, visibility_seconds=30, max_receives=50, per_session=True),
    Queue("bulk", fifo=True, visibility_seconds=30, max_receives=50, per_session=True),
    Queue("claims", fifo=False, visibility_seconds=20, max_receives=1000),  # sessions that want an owner
    Queue("realtime", fifo=True, visibility_seconds=30, max_receives=20),  # group = session
    Queue("webhooks", fifo=False, visibility_seconds=60, max_receives=20),  # delay = the back-off timer
)

BUCKETS = ("media", "profiles")

KEYS = ("data",)  # the customer-managed key that wraps every data key

FUNCTIONS = (
    Function(
        "authorizer",
        "authorizer.handler.handler",
        "authorizer",
        memory_mb=256,
        grants=("table:main:read", "key:data:mac"),
    ),
    Function(
        "api",
        "api.handler.handler",
        "rest",
        grants=("table:main:write", "table:keys:write", "queue:*:send", "key:data:use"),
    ),
    Function(
        "connections",
        "realtime.connections.handler",
        "websocket",
        memory_mb=256,
        grants=("table:main:write", "queue:realtime:send"),
    ),
    Function(
        "realtime",
        "realtime.handler.handler",
        "queue",
        "realtime",
        batch=10,
        concurrency=4,
        grants=("table:main:write", "table:keys:read", "key:data:use", "push:*:post"),
    ),
    Function(
        "webhooks",
        "webhooks.handler.handler",
        "queue",
        "webhooks",
        batch=1,
        concurrency=8,
        timeout_seconds=30,
        grants=("table:main:write", "table:keys:read", "queue:webhooks:send", "key:data:use"),
    ),
    Function(
        "sweeper",
        "sweeper.handler.handler",
        "schedule",
        "60",
        grants=("table:main:read", "queue:claims:send", "queue:realtime:send", "queue:webhooks:send"),
    ),
)

TASKS = (
    # R-OPS-1: recommended size; R-LIM-4: five sessions a task.
    Task(
        "worker",
        "containers.worker.launcher",
        vcpu=2,
        memory_gb=4,
        disk_gb=20,
        max_sessions=5,
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:*:use",
            "bucket:profiles:write",
            "key:data:use",
        ),
    ),
)
