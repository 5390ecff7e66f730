"""Opens the engine of the cloud: six ports on the places that the environment names (`places.py`).

Opening asks nobody anything and imports no botocore: the first use of a port makes its client.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from waypost.engines.aws.blobs import AwsBlobs
from waypost.engines.aws.clients import Clients
from waypost.engines.aws.drops import AwsDrops
from waypost.engines.aws.keys import AwsKeys
from waypost.engines.aws.places import Places
from waypost.engines.aws.push import AwsPush
from waypost.engines.aws.queues import AwsQueues
from waypost.engines.aws.table import AwsTable
from waypost.ports import Engine


@dataclass(frozen=True, slots=True)
class AwsEngine(Engine):
    """The six ports on one account and region. Lambda never closes it; tests do."""

    clients: Clients

    def close(self) -> None:
        self.clients.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_engine(places: Places) -> AwsEngine:
    clients = Clients(places)
    tables = {name: AwsTable(clients, table) for name, table in places.tables.items()}
    return AwsEngine(
        tables=tables,
        queues=AwsQueues(clients, places),
        blobs={name: AwsBlobs(clients, bucket, places.key) for name, bucket in places.buckets.items()},
        drops=AwsDrops(clients, places.drop, places.key),
        keys=AwsKeys(clients, places.key, tables.get("main")),
        push=AwsPush(clients, places.push_url),
        clients=clients,
    )
