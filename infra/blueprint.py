"""The floor plan: every function, queue, table, bucket, key, schedule and task of Waypost, and nothing else lists them.

Two builders read it: `infra/stacks` (the cloud, by CDK) and `infra/local` (one machine). Plain data, imports nothing.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    indexes: tuple[tuple[str, str, str], ...]  # (index name, partition attribute, sort attribute)
    recovery_days: int  # how far back a point-in-time restore can go
    daily_backups: bool  # kept beside it, for the same number of days (R-OPS-2)
    ttl: str = "ttl"  # unix seconds; deletes lag, so readers filter too


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    fifo: bool
    visibility_seconds: int
    max_receives: int  # then the message goes to the queue's dead letters, with the reason
    per_session: bool = False  # made with the session as "{name}-{session id}"
    kept_days: int = 14  # a message that nobody takes; SQS's longest


@dataclass(frozen=True, slots=True)
class Drop:
    """A bucket that callers put files into. `queue` is told of what comes under `prefix`."""

    name: str
    queue: str
    prefix: str
    emptied_days: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """Objects of a bucket whose names begin so are deleted after so many days; None: as many as the environment keeps
    what comes in. Never before what is written of them in the table is over: that ends to the second, this by days."""

    bucket: str
    prefix: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    used_by: Literal["ours", "services"]


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    handler: str  # module and function below functions/, as Lambda imports it
    trigger: Literal["rest", "websocket", "authorizer", "queue", "schedule"]
    source: str = ""  # the queue, or the schedule's rate in seconds
    batch: int = 1
    concurrency: int = 2  # calls at once: of a queue's consumer on one machine; of all in the cloud, where it scales
    memory_mb: int = 512
    timeout_seconds: int = 29
    warm: bool = False  # one is kept started in production
    image: bool = False  # a container image from functions/{name}/Dockerfile, for programs that no archive can hold
    disk_mb: int = 512  # of /tmp
    grants: tuple[str, ...] = ()  # see GRANTS


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    module: str
    vcpu: int  # these three are the least; an environment may give more
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
        daily_backups=True,
    ),
    # Short on purpose, and no backups: an erased key must not come back (decision 13).
    Table("keys", indexes=(), recovery_days=7, daily_backups=False),
)

QUEUES = (
    # A session's lanes: ids of due messages only; group = chat. Visibility equals the lease time (decision 5).
    Queue("interactive", fifo=True, visibility_seconds=30, max_receives=50, per_session=True),
    Queue("bulk", fifo=True, visibility_seconds=30, max_receives=50, per_session=True),
    Queue("claims", fifo=False, visibility_seconds=20, max_receives=1000),  # sessions that want an owner
    Queue("realtime", fifo=True, visibility_seconds=30, max_receives=20),  # group = session
    # A file may take ten minutes (media/bounds.py); until then nobody else is to have it.
    Queue("media", fifo=False, visibility_seconds=660, max_receives=50),
    Queue("fetches", fifo=False, visibility_seconds=200, max_receives=50),  # files to be fetched; delay = the back-off
    Queue("webhooks", fifo=False, visibility_seconds=60, max_receives=20),  # delay = the back-off timer
    # Its messages name places that hold numbers, as S3 writes them: none is kept longer than the drop keeps its files,
    # and until then it is tried. A file that cannot be sent is no failure.
    Queue("drop", fifo=False, visibility_seconds=150, max_receives=500, kept_days=1),
    # Bulk runs with work left, lost sessions, settled files.
    Queue("runs", fifo=False, visibility_seconds=60, max_receives=20),
)

BUCKETS = ("media", "profiles", "bulk")

# For how many days an overwritten or deleted object can be brought back: as many as the table of keys remembers
# (decision 13). Profiles are written every few seconds, and keep versions of their own.
FORGOTTEN_DAYS = {"media": 7, "profiles": 1, "bulk": 7}

# What lies there is plain, and its names hold numbers: no versions, no copies, no access log (which keeps names), and
# nothing stays. The sweeper empties it every hour, S3 itself at the end of the next day at the latest.
DROP = Drop("drop", queue="drop", prefix="drop/", emptied_days=1)

EXPIRIES = (
    Expiry("media", "received/", None),  # what came in with messages
    Expiry("media", "source/", 31),  # uploads that nobody finished
    Expiry("media", "ready/", 31),  # what is to be sent, as long as the official API keeps an upload
    Expiry("media", "small/", 31),
)

KEYS = (
    Key("data", "ours"),  # wraps every data key, and encrypts objects
    Key("storage", "services"),  # for what AWS encrypts by itself and we never do: tables, backups, logs, alarms
)

# GRANTS are "port:name:access"; nothing is allowed that no grant names. What each word allows:
#   table   read     get and query  · write  also put, update, delete and check
#   queue   send     send and count · use  receive, delete, hide, bury · make  create it · drop  delete it
#   bucket  read     get and list   · write  also put and delete · take  also tag · empty  list and delete
#   key     unwrap   data keys      · wrap   also generate them
#           mac      unwrap the root of all MACs · root  also make it, once
#   push    post     post to connections and close them
# A queue's consumer may use its queue: the trigger says so. A queue that is made per session is meant with all of them.
_NUDGES = ("queue:realtime:send", "queue:webhooks:send")

FUNCTIONS = (
    Function(
        "authorizer",
        "authorizer.handler.handler",
        "authorizer",
        concurrency=20,
        memory_mb=256,
        grants=("table:main:read", "key:data:mac"),
    ),
    Function(
        "api",
        "api.handler.handler",
        "rest",
        concurrency=20,
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:claims:send",
            "queue:interactive:send",
            "queue:interactive:make",
            "queue:interactive:drop",
            "queue:bulk:send",
            "queue:bulk:make",
            "queue:bulk:drop",
            "queue:runs:send",
            "queue:media:send",
            "queue:fetches:send",
            *_NUDGES,
            "bucket:bulk:write",
            "bucket:media:write",  # what is uploaded, in parts
            "bucket:profiles:write",  # what `waypost link` hands over; sealed, and never opened here
            "key:data:wrap",
            "key:data:root",
        ),
    ),
    Function(
        "bulk",
        "bulk.handler.handler",
        "queue",
        "runs",
        batch=1,
        concurrency=2,
        timeout_seconds=30,
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:interactive:send",
            "queue:bulk:send",
            "queue:runs:send",
            *_NUDGES,
            "bucket:bulk:write",
            "key:data:wrap",
            "key:data:root",
        ),
    ),
    Function(
        "connections",
        "realtime.connections.handler",
        "websocket",
        concurrency=10,
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
        warm=True,
        grants=("table:main:write", "table:keys:read", "queue:realtime:send", "key:data:unwrap", "push:*:post"),
    ),
    Function(
        "webhooks",
        "webhooks.handler.handler",
        "queue",
        "webhooks",
        batch=1,
        concurrency=8,
        timeout_seconds=30,
        grants=("table:main:write", "table:keys:read", "queue:webhooks:send", "key:data:unwrap"),
    ),
    Function(
        "media",
        "media.handler.handler",
        "queue",
        "media",
        batch=1,
        concurrency=2,
        memory_mb=3008,
        timeout_seconds=640,
        image=True,
        disk_mb=1024,
        # Who waits for a file is woken by the consumer of `runs`: it takes keys that a reader of files must not have.
        grants=("table:main:write", "table:keys:read", "queue:runs:send", "bucket:media:write", "key:data:unwrap"),
    ),
    Function(
        # No function is in a VPC, so its way out is Lambda's own, and the network that it could reach by that holds
        # nothing of ours; what it may connect to, services/targets.py says.
        "fetch",
        "fetch.handler.handler",
        "queue",
        "fetches",
        batch=1,
        concurrency=4,
        timeout_seconds=190,
        grants=(
            "table:main:write",
            "table:keys:read",
            "queue:fetches:send",  # to try again later
            "queue:media:send",
            "queue:runs:send",
            "bucket:media:write",
            "key:data:unwrap",
        ),
    ),
    Function(
        "drop",
        "drop.handler.handler",
        "queue",
        "drop",
        batch=1,
        concurrency=4,
        timeout_seconds=120,
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:claims:send",
            "queue:interactive:send",
            "queue:bulk:send",
            "queue:media:send",
            "queue:drop:send",  # to look again later
            "bucket:drop:take",
            "bucket:media:write",
            "key:data:wrap",
            "key:data:root",
        ),
    ),
    Function(
        "sweeper",
        "sweeper.handler.handler",
        "schedule",
        "60",
        concurrency=1,
        # Beside nudging, it warns of links that end, in the log of a session that nobody owns, wakes who sleeps, and
        # ends messages whose time is over.
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:claims:send",
            "queue:interactive:send",
            "queue:media:send",
            "queue:fetches:send",
            "queue:runs:send",
            *_NUDGES,
            "bucket:drop:empty",
            "key:data:wrap",
        ),
    ),
    Function(
        "canary",
        "canary.handler.handler",
        "schedule",
        "60",  # it runs every five minutes, and at once when there is a new pair to judge (domain/canary.py)
        concurrency=1,
        timeout_seconds=240,  # ten steps, each with its bound
        grants=(
            "table:main:write",
            "table:keys:write",
            "queue:claims:send",
            "queue:interactive:send",
            *_NUDGES,
            "key:data:wrap",
            "key:data:root",
        ),
    ),
)

TASKS = (
    # R-OPS-1: at least this size; R-LIM-4: five sessions a task.
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
            "queue:claims:use",
            "queue:claims:send",
            "queue:interactive:send",
            "queue:interactive:use",
            "queue:interactive:drop",
            "queue:bulk:send",
            "queue:bulk:use",
            "queue:bulk:drop",
            "queue:runs:send",
            *_NUDGES,
            "bucket:profiles:write",
            "bucket:media:write",  # what comes in; what is sent is read
            "key:data:wrap",
            "key:data:root",
        ),
    ),
)
