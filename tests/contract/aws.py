"""The AWS engine under test: LocalStack for SQS, S3 and KMS, moto for DynamoDB, a gateway in this process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.aws_stand_ins import CREDENTIALS, REGION
from tests.aws.running import running_stand_ins
from tests.contract.gateway import running_gateway
from tests.contract.harness import (
    BUCKETS,
    MAX_RECEIVES,
    SESSION_QUEUES,
    SHARED_QUEUE,
    TABLES,
    VISIBILITY_SECONDS,
    Subject,
)
from waypost.engines.aws.building import TableSpec, build_places
from waypost.engines.aws.engine import open_engine
from waypost.engines.aws.places import QueueSpec, environment_of, places_from

DROP_QUEUE = "dropped"  # is told of what the tests put into the drop, and nobody looks
LONGEST_WAIT_SECONDS = 4
LAG_SECONDS = 1.3  # LocalStack looks once a second whose visibility has ended


def wait(seconds: float) -> None:
    if seconds > LONGEST_WAIT_SECONDS:
        pytest.skip("the stand-ins' clock is the real one, and does not jump minutes")
    time.sleep(seconds)


@contextmanager
def aws(folder: Path) -> Iterator[Subject]:
    queues = [
        QueueSpec(name, fifo, VISIBILITY_SECONDS, MAX_RECEIVES, per_session=True) for name, fifo in SESSION_QUEUES
    ]
    with pytest.MonkeyPatch.context() as patch, running_gateway() as gateway, running_stand_ins(folder) as stand_ins:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        places = build_places(
            region=REGION,
            endpoints=stand_ins.endpoints,
            queue_url=stand_ins.queue_url("contract-"),
            tables=[TableSpec(name, indexes) for name, indexes in TABLES],
            queues=[
                *queues,
                *(QueueSpec(name, False, VISIBILITY_SECONDS, MAX_RECEIVES) for name in (SHARED_QUEUE, DROP_QUEUE)),
            ],
            buckets=BUCKETS,
            drop=("drop", DROP_QUEUE, "drop/"),
            push_url=gateway.url,
        )
        # As a process of the cloud opens it: by nothing but its environment.
        for name, value in environment_of(places).items():
            patch.setenv(name, value)
        with open_engine(places_from(os.environ)) as engine:
            yield Subject(engine, wait, gateway.connect, LAG_SECONDS)
