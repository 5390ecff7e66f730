"""Joining the parts for one process: the engine that the settings name, and what is shared on top of it."""

import functools
import os
import time
from dataclasses import dataclass

from waypost.ports import Engine, Table
from waypost.services.contacts import Contacts
from waypost.services.sealing import Seals
from waypost.settings import Settings, settings_from


@dataclass(frozen=True, slots=True)
class App:
    """What a handler or the worker works with. Safe to share between threads."""

    settings: Settings
    engine: Engine
    seals: Seals
    contacts: Contacts

    @property
    def table(self) -> Table:
        return self.engine.main

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def join(settings: Settings, engine: Engine) -> App:
    seals = Seals(engine.keys, engine.wrapped_keys)
    return App(settings, engine, seals, Contacts(engine.main, engine.keys, seals))


@functools.cache
def app() -> App:
    """The process's parts, made on first use, so that importing a handler costs and opens nothing."""
    settings = settings_from(os.environ)
    return join(settings, _open_engine(settings))


def _open_engine(settings: Settings) -> Engine:
    from waypost.engines.embedded.engine import open_engine

    return open_engine(settings.home)
