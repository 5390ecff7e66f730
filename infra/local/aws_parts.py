"""One machine on the AWS engine (WAYPOST_ENGINE=aws): stand-ins as parts, and the blueprint's things made in them.

They keep nothing, so this is for a demo and for tests: what runs is the cloud's engine, and what is gone is gone.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.blueprint import BUCKETS, DROP, QUEUES, TABLES
from infra.local.addresses import HOST, Addresses
from infra.local.aws_stand_ins import LOCALSTACK_PYTHON, REGION, StandIns
from infra.local.home import Home
from infra.local.part import Part, PartSpec
from waypost.engines.aws.building import TableSpec, build_places
from waypost.engines.aws.places import Places, QueueSpec, environment_of

PREFIX = "waypost-local-"
START_SECONDS = 90.0


class NotInstalled(Exception):
    """The stand-ins have not been brought."""


def on_aws() -> bool:
    return os.environ.get("WAYPOST_ENGINE") == "aws"


@asynccontextmanager
async def stand_in_parts(home: Home, addresses: Addresses) -> AsyncIterator[list[Part]]:
    """Healthy, with everything made in them and its names in our environment, which the other parts inherit.

    Nothing on the embedded engine. Raises NotInstalled, NeverHealthy."""
    if not on_aws():
        yield []
        return
    if not LOCALSTACK_PYTHON.exists():
        raise NotInstalled("The stand-ins for AWS are not installed: ./setup.sh localstack")
    stand_ins = StandIns(home.path / "localstack", *_free_ports())
    parts = [Part(spec, _say_nothing) for spec in _specs(home, stand_ins)]
    # Nobody checks a signature here, so the id that it names is what shows the gateway who posts frames.
    os.environ |= {"AWS_ACCESS_KEY_ID": secrets.token_hex(16), "AWS_SECRET_ACCESS_KEY": "unchecked"}
    try:
        for part in parts:
            await part.start()
        await asyncio.gather(*(part.until_healthy(START_SECONDS) for part in parts))
        os.environ |= environment_of(await asyncio.to_thread(_make_places, stand_ins, addresses.url))
        yield parts
    finally:
        for part in reversed(parts):
            await part.stop()


def _make_places(stand_ins: StandIns, push_url: str) -> Places:
    return build_places(
        region=REGION,
        endpoints=stand_ins.endpoints,
        queue_url=stand_ins.queue_url(PREFIX),
        tables=[TableSpec(table.name, table.indexes, table.ttl) for table in TABLES],
        queues=[
            QueueSpec(queue.name, queue.fifo, queue.visibility_seconds, queue.max_receives, queue.per_session)
            for queue in QUEUES
        ],
        buckets=BUCKETS,
        drop=(DROP.name, DROP.queue, DROP.prefix),
        push_url=push_url,
    )


def _specs(home: Home, stand_ins: StandIns) -> list[PartSpec]:
    home.logs.mkdir(exist_ok=True)
    return [
        PartSpec(
            name=stand_in.name,
            command=stand_in.command,
            environment=stand_in.environment,
            log=home.logs / f"{stand_in.name}.log",
            health_url=stand_in.health_url,
        )
        for stand_in in stand_ins.both()
    ]


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _say_nothing(_: Part, __: str) -> None:
    return
