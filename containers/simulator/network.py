"""The network as one thing: its memory, its live connections, its clock for what happens later."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from containers.simulator import settings as settings_of
from containers.simulator.codes import Codes
from containers.simulator.connections import Connection, Connections, Stanza
from containers.simulator.journal import Clock, Journal, now_ms
from containers.simulator.settings import Settings
from containers.simulator.store import Store

if TYPE_CHECKING:
    from containers.simulator.passkeys import Demand


class Network:
    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.journal = Journal(self.store)
        self.settings: Settings = settings_of.load(self.store)
        self.live = Connections()
        self.codes = Codes()
        # Presence is a matter of the moment: nobody expects it to survive a restart.
        self.phones_available: set[str] = set()
        self.passkey_demands: dict[str, Demand] = {}
        # Who may upload: a token for a while, forgotten by a restart, asked for again by the page.
        self.media_tokens: dict[str, str] = {}
        # Set, and made anew, when an account's trouble with uploads is changed: those that are held up go on.
        self.uploads_eased = asyncio.Event()
        # Pages that asked a phone for a file again while it was off.
        self.media_asks: dict[str, list[tuple[Connection, Stanza]]] = {}
        # Until when the server turns everybody away; the machine's own clock, a restart ends it.
        self.closed_until = 0.0
        self._timers: set[asyncio.TimerHandle] = set()

    def later(self, delay_ms: int, act: Callable[[], object]) -> None:
        """Acts after the delay. A kill forgets it; `messages.resume` derives it again from what is stored."""

        def fire() -> None:
            self._timers.discard(handle)
            act()

        handle = asyncio.get_running_loop().call_later(delay_ms / 1000, fire)
        self._timers.add(handle)

    def change_settings(self, settings: Settings) -> None:
        if settings.build != self.settings.build:
            for connection in self.live.everyone():
                connection.send({"type": "build", "build": settings.build})
        self.settings = settings
        self.apply_settings()
        settings_of.save(self.store, settings)

    def apply_settings(self) -> None:
        self.live.latency_ms = self.settings.server_latency_ms
        self.live.jitter_ms = self.settings.server_jitter_ms

    def ease_uploads(self) -> None:
        self.uploads_eased.set()
        self.uploads_eased = asyncio.Event()

    def close_for(self, ms: int) -> None:
        """Everybody is thrown off the line, and nobody gets on it, for a while."""
        self.closed_until = asyncio.get_running_loop().time() + ms / 1000
        for connection in self.live.everyone():
            connection.hang_up()

    @property
    def closed(self) -> bool:
        return asyncio.get_running_loop().time() < self.closed_until

    def advance_clock(self, ms: int) -> int:
        Clock.ahead_ms += ms
        return now_ms()

    def forget_everything(self) -> None:
        """Back to an empty network: no accounts, default settings, every page logged out."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        self.store.empty()
        self.codes = Codes()
        self.phones_available.clear()
        self.passkey_demands.clear()
        self.media_tokens.clear()
        self.media_asks.clear()
        self.live.slow.clear()
        self.closed_until = 0.0
        Clock.ahead_ms = 0
        self.change_settings(Settings())
