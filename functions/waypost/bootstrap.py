"""Joining the parts for one process: the engine that the settings name, and what is shared on top of it."""

import functools
import os
import threading
import time
from dataclasses import dataclass

from waypost.domain.lease import Terms
from waypost.domain.message import Lane
from waypost.domain.relinking import Relinking
from waypost.ports import Engine, Table
from waypost.services.backlog import Backlog
from waypost.services.contacts import Contacts
from waypost.services.existence import Existences
from waypost.services.media import Files
from waypost.services.patience import PatientTable
from waypost.services.pools import Chooser
from waypost.services.receiving import ReceivedFiles
from waypost.services.room import outlook_of, room_of
from waypost.services.sealing import Seals
from waypost.settings import Settings, settings_from


@dataclass(frozen=True, slots=True)
class App:
    """What a handler or the worker works with. Safe to share between threads."""

    settings: Settings
    engine: Engine
    seals: Seals
    contacts: Contacts
    backlog: Backlog

    @property
    def table(self) -> Table:
        return PatientTable(self.engine.main)

    @property
    def existences(self) -> Existences:
        return Existences(self.table, self.seals, self.contacts)

    @property
    def files(self) -> Files:
        return Files(
            self.table,
            self.engine.blobs["media"],
            self.engine.queues,
            self.seals,
            self.settings.media_source_bytes,
        )

    @property
    def received(self) -> ReceivedFiles:
        keep_seconds = self.settings.media_keep_days * 24 * 3600
        return ReceivedFiles(self.table, self.engine.blobs["media"], self.seals, keep_seconds)

    @property
    def lease(self) -> Terms:
        return Terms(self.settings.lease_seconds, self.settings.clock_margin_seconds)

    @property
    def relinking(self) -> Relinking:
        return Relinking(self.settings.relink_days, self.settings.relink_warn_days)

    @property
    def chooser(self) -> Chooser:
        room = functools.partial(room_of, self.settings.care, table=self.table, now_ms=self.now_ms)
        return Chooser(self.table, self.backlog, room)

    def now_ms(self) -> int:
        return _now_ms()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def join(settings: Settings, engine: Engine) -> App:
    seals = Seals(engine.keys, PatientTable(engine.wrapped_keys))
    hours: dict[Lane, float] = {"interactive": settings.interactive_hours, "bulk": settings.bulk_hours}
    backlog = Backlog(hours, functools.partial(outlook_of, settings.care, _now_ms))
    return App(settings, engine, seals, Contacts(PatientTable(engine.main), engine.keys, seals), backlog)


_first_use = threading.Lock()


def app() -> App:
    """The process's parts, made on first use, so that importing a handler costs and opens nothing."""
    with _first_use:  # two first requests at once must not open two engines
        return _made()


@functools.cache
def _made() -> App:
    settings = settings_from(os.environ)
    return join(settings, _open_engine(settings))


def forget_app() -> None:
    """Let the next `app()` read the environment anew: for tests, which close the engine themselves."""
    _made.cache_clear()


def _open_engine(settings: Settings) -> Engine:
    """Imports the one engine that is used; opening the cloud's asks nobody anything yet."""
    if settings.engine == "aws":
        from waypost.engines.aws.engine import open_engine as open_in_the_cloud
        from waypost.engines.aws.places import places_from

        return open_in_the_cloud(places_from(os.environ))
    if settings.engine == "harsh":
        from waypost.engines.harsh import CLOUDY, Chance, open_harsh_engine

        return open_harsh_engine(settings.home, chance=Chance(os.getpid(), CLOUDY))
    from waypost.engines.embedded.engine import open_engine

    return open_engine(settings.home)
