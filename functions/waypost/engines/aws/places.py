"""Where the AWS engine finds its things: the names that the cloud template gives them, from the environment.

    AWS_REGION                    set by Lambda and ECS
    WAYPOST_TABLE_<NAME>          a DynamoDB table's name: WAYPOST_TABLE_MAIN, WAYPOST_TABLE_KEYS
    WAYPOST_BUCKET_<NAME>         a bucket's name: WAYPOST_BUCKET_MEDIA, WAYPOST_BUCKET_PROFILES
    WAYPOST_DROP                  the drop's bucket
    WAYPOST_KEY                   ARN of the KMS key that wraps every data key
    WAYPOST_QUEUE_URL             what all queue URLs begin with: https://sqs.<region>.amazonaws.com/<account>/waypost-prod-
    WAYPOST_QUEUES                JSON list of [name, fifo, visibility seconds, max receives, made per session]
    WAYPOST_PUSH_URL              the WebSocket API's stage: https://<id>.execute-api.<region>.amazonaws.com/prod

Queue `claims` is then `…/waypost-prod-claims`, its dead letters `…/waypost-prod-claims-dead`; a FIFO queue's names end
in `.fifo`. What a function has no grant for may be missing: using it is an error, opening the engine is not.
Endpoints other than the cloud's are taken from AWS's own AWS_ENDPOINT_URL_<SERVICE>.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from waypost.errors import StorageError

_TABLE, _BUCKET = "WAYPOST_TABLE_", "WAYPOST_BUCKET_"


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue of the blueprint, or the pattern of one that is made with every session as `{name}-{session id}`."""

    name: str
    fifo: bool
    visibility_seconds: int
    max_receives: int
    per_session: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    region: str
    tables: Mapping[str, str]
    buckets: Mapping[str, str]
    key: str
    queue_url: str
    queues: Sequence[QueueSpec]
    push_url: str = ""
    drop: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)  # by service, for tests; else the environment's


def places_from(environment: Mapping[str, str]) -> Places:
    """Raises StorageError when what everybody needs is missing."""
    try:
        queues = [QueueSpec(*entry) for entry in json.loads(environment.get("WAYPOST_QUEUES", "[]"))]
        return Places(
            region=environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"],
            tables=_named(environment, _TABLE),
            buckets=_named(environment, _BUCKET),
            key=environment.get("WAYPOST_KEY", ""),
            queue_url=environment.get("WAYPOST_QUEUE_URL", ""),
            queues=queues,
            push_url=environment.get("WAYPOST_PUSH_URL", ""),
            drop=environment.get("WAYPOST_DROP", ""),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StorageError(
            f"the environment does not say where the engine's things are ({type(error).__name__}: {error})",
            mend="Set the variables that the cloud template sets; engines/aws/places.py lists them.",
        ) from error


def environment_of(places: Places) -> dict[str, str]:
    """The variables that `places_from` reads back, for whoever starts a process on these places."""
    entries = [
        [spec.name, spec.fifo, spec.visibility_seconds, spec.max_receives, spec.per_session] for spec in places.queues
    ]
    return {
        "AWS_REGION": places.region,
        **{_TABLE + name.upper(): table for name, table in places.tables.items()},
        **{_BUCKET + name.upper(): bucket for name, bucket in places.buckets.items()},
        "WAYPOST_DROP": places.drop,
        "WAYPOST_KEY": places.key,
        "WAYPOST_QUEUE_URL": places.queue_url,
        "WAYPOST_QUEUES": json.dumps(entries, separators=(",", ":")),
        "WAYPOST_PUSH_URL": places.push_url,
        **{f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in places.endpoints.items()},
    }


def _named(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
