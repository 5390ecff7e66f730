"""Watches how long a session's link may still last: warns of its end, and ends it (R-AUTH-2).

What was warned of stands in the session's record, so that neither a restart nor a move warns twice.
"""

import asyncio
from collections.abc import Callable

from containers.worker.announcer import Announcer
from containers.worker.recorder import Recorder
from containers.worker.signals import RelinkDue
from waypost.bootstrap import App
from waypost.domain.relinking import Due, what_is_due
from waypost.entities.session import Session
from waypost.services.relinking import relink_warning

_LOOK_SECONDS = 60.0
_AGAIN_SECONDS = 5.0  # a page without a line may not manage to unlink at once


class LinkWatch:
    """Of one session. `tell` gets RelinkDue, again and again until the link has ended."""

    def __init__(
        self, app: App, session: Session, *, announcer: Announcer, recorder: Recorder, tell: Callable[[RelinkDue], None]
    ) -> None:
        self._app = app
        self._session = session
        self._announcer = announcer
        self._recorder = recorder
        self._tell = tell
        self._warned_ms = session.relink_warned_ms

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due = await self.look()
            await asyncio.sleep(_AGAIN_SECONDS if due is Due.RELINK else _LOOK_SECONDS)

    async def look(self) -> Due:
        policy, now_ms = self._app.relinking, self._app.now_ms()
        linked_ms = self._announcer.linked_ms
        due = what_is_due(policy, linked_ms=linked_ms, warned_ms=self._warned_ms, now_ms=now_ms)
        if due is Due.WARNING:
            await self._warn(policy.due_ms(linked_ms), now_ms)
        elif due is Due.RELINK:
            self._tell(RelinkDue())
        return due

    async def _warn(self, due_ms: int, now_ms: int) -> None:
        entry = relink_warning(
            self._session, self._announcer.told, due_ms=due_ms, warned_ms=self._warned_ms, now_ms=now_ms
        )
        await self._recorder.record(entry)  # refused: the sweeper was faster
        self._warned_ms = now_ms
