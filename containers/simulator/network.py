"""The network as one thing: its memory, its live connections, its clock for what happens later."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from containers.simulator import settings as settings_of
from containers.simulator.codes import Codes
from containers.simulator.connections import Connections
from containers.simulator.journal import Journal
from containers.simulator.settings import Settings
from containers.simulator.store import Store


class Network:
    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.journal = Journal(self.store)
        self.settings: Settings = settings_of.load(self.store)
        self.live = Connections()
        self.codes = Codes()
        # Presence is a matter of the moment: nobody expects it to survive a restart.
        self.phones_available: set[str] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    def later(self, delay_ms: int, act: Callable[[], object]) -> None:
        """Acts after the delay. A kill forgets it; `messages.resume` derives it again from what is stored."""

        def fire() -> None:
            self._timers.discard(handle)
            act()

        handle = asyncio.get_running_loop().call_later(delay_ms / 1000, fire)
        self._timers.add(handle)

    def change_settings(self, settings: Settings) -> None:
        self.settings = settings
        self.live.latency_ms = settings.server_latency_ms
        settings_of.save(self.store, settings)

    def forget_everything(self) -> None:
        """Back to an empty network: no accounts, default settings, every page logged out."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        self.store.empty()
        self.codes = Codes()
        self.phones_available.clear()
        self.change_settings(Settings())
