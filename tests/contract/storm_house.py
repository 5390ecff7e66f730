"""Waypost's services on an engine in a storm: what is refused, lost, late or doubled, and callers that ask again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.blueprint import BUCKETS, QUEUES, TABLES
from tests.contract.embedded import JumpingClock
from tests.integration.sending_house import SESSION as SESSION
from tests.integration.sending_house import TENANT as TENANT
from waypost.bootstrap import App, join
from waypost.engines.embedded import QueueSpec, TableSpec
from waypost.engines.embedded.clock import Clock
from waypost.engines.harsh import CALM, STORM, Chance, HarshEngine, build_harsh_engine
from waypost.entities.session import Session
from waypost.errors import ConditionFailed, StorageError
from waypost.services.sessions import create_session
from waypost.settings import Settings

TRIES = 60


@dataclass(frozen=True, slots=True)
class Storm:
    """`app` is in the storm; `calm` looks at what is stored, without it."""

    app: App
    calm: App
    engine: HarshEngine
    clock: JumpingClock

    def clear(self) -> None:
        """The weather is over: what was on its way arrives."""
        self.engine.chance.weather = CALM
        for replica in self.engine.replicas:
            replica.carry_due(all_of_them=True)

    def begin(self) -> None:
        self.engine.chance.weather = STORM


@contextmanager
def storm(home: Path, seed: int) -> Iterator[Storm]:
    chance, clock = Chance(seed, CALM), JumpingClock()
    engine = build_harsh_engine(
        home,
        tables=[TableSpec(table.name, table.indexes, table.ttl) for table in TABLES],
        queues=[
            QueueSpec(queue.name, queue.fifo, queue.visibility_seconds, queue.max_receives, queue.per_session)
            for queue in QUEUES
        ],
        buckets=BUCKETS,
        chance=chance,
        clock=Clock(clock.now_ms, clock.now_ms),
    )
    with engine:
        calm = join(Settings(home=home), engine.calm)
        app = join(Settings(home=home), engine)
        made = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=app.now_ms())
        create_session(made, table=app.table, queues=engine.queues)
        chance.weather = STORM
        yield Storm(app, calm, engine, clock)


def persist[T](ask: Callable[[], T]) -> T:
    """What a caller does with an answer of 503, or a Lambda with a failed batch: the same again."""
    for _ in range(TRIES):
        try:
            return ask()
        except ConditionFailed:
            raise
        except StorageError:
            continue
    raise AssertionError(f"refused or lost {TRIES} times")
