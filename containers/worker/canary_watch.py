"""Asks whether a session may load the new build that WhatsApp offers, again and again until it may; and notes each
pair that the session runs."""

import asyncio
import time
from collections.abc import Callable

from containers.worker.patience import patiently
from containers.worker.signals import Observation, UpdateCleared, UpdateHeld
from waypost.bootstrap import App
from waypost.domain.canary import Answer
from waypost.services.canaries import ask, note_pair

_ASK_SECONDS = 2.0  # between two questions of a session that waits


class CanaryWatch:
    """Of one session; `run` beside its state machine, which hears the answers by `observe`."""

    def __init__(
        self, app: App, session: str, *, build: Callable[[], str], observe: Callable[[Observation], None]
    ) -> None:
        self._app = app
        self._session = session
        self._build = build
        self._observe = observe
        self._noted = ""
        self._asked = asyncio.Event()

    def begin(self) -> None:
        """WhatsApp offers a newer page."""
        self._asked.set()

    async def note(self, build: str) -> None:
        """The session runs this pair; empty: not known."""
        if build and build != self._noted:
            await patiently(self._note, build)
            self._noted = build

    def _note(self, build: str) -> bool:
        return note_pair(build, table=self._app.table, now_ms=self._app.now_ms())

    async def run(self) -> None:
        """Until cancelled. Raises an engine's error."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._wait(time.monotonic(), self._build())

    async def _wait(self, since: float, build: str) -> None:
        """Until the canaries passed, or a newer offer came: then that one is asked about."""
        held = False
        while not self._asked.is_set():
            answer = await patiently(self._ask, since, build)
            if answer != "no":
                self._observe(UpdateCleared(tested=answer == "tested"))
                return
            if not held:
                self._observe(UpdateHeld())
                held = True
            await asyncio.sleep(_ASK_SECONDS)

    def _ask(self, since: float, build: str) -> Answer:
        patience_ms = round(self._app.settings.upkeep.canary_patience_seconds * 1000)
        waited_ms = round((time.monotonic() - since) * 1000)
        return ask(self._session, build, waited_ms=waited_ms, patience_ms=patience_ms, table=self._app.table)
