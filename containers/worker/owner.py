"""The owner of one session, from the claim to the release.

owner_parts.py     builds what lives as long as the owner does, and names what runs beside it
owner_run.py       lets the state machine judge what was seen, until the session rests
owner_effects.py   carries out what the state machine says
owner_wishes.py    what the API asks of the session's life
readiness.py       when the page may be used for sending
filing.py          files what the page sees, and what it saw while nobody listened
"""

import asyncio

from playwright.async_api import Playwright

from containers.worker.browsing import forget_device, place_of
from containers.worker.memory import bytes_of
from containers.worker.outgoing_files import forget_outgoing
from containers.worker.owner_parts import Parts
from containers.worker.owner_run import Run
from containers.worker.patience import patiently
from containers.worker.starts import Starts
from containers.worker.states import Status
from containers.worker.tenure import Tenure
from waypost.bootstrap import App
from waypost.domain.placement import Held
from waypost.entities.head import mark_running
from waypost.entities.session import Session, get_session, set_desired
from waypost.services.profiles import forget_profile
from waypost.services.sessions import purge_session
from waypost.services.sleeping import fall_asleep, next_work_ms, wake

FINISH_SECONDS = 15.0  # an acknowledgement takes milliseconds, or does not come at all


class Owner:
    """One epoch of one session."""

    def __init__(self, app: App, playwright: Playwright, tenure: Tenure, starts: Starts) -> None:
        self._app = app
        self._playwright = playwright
        self._tenure = tenure
        self._starts = starts
        self._parts: Parts | None = None

    async def finish_sends(self, seconds: float = FINISH_SECONDS) -> None:
        """Before a hand-over: begin no send any more, and see those through that have begun, as far as time allows.
        The next owner looks up what was not finished (P2)."""
        if self._parts is not None:
            await self._parts.sender.in_hand.finish(seconds)

    def held(self) -> Held:
        """What it holds, for who must give one away. Reads /proc."""
        parts, session = self._parts, self._tenure.head.session
        if parts is None:
            return Held(session, 0, 0.0, sending=True)
        memory = 0 if (process := parts.browsing.process()) is None else bytes_of(process)
        return Held(session, memory, parts.vitals.idle_seconds, parts.sender.in_hand.busy)

    async def run(self) -> None:
        """Until the session rests, is lost, or the task is cancelled. Raises Fenced, or an engine's error."""
        head = self._tenure.head
        session = await patiently(get_session, self._app.table, head.session)
        try:
            if session is not None and session.desired == "running":
                await self._live(session)
            elif session is not None and session.desired == "deleted":
                await patiently(_purge, self._app, session)  # its last owner died before it could
            else:
                await patiently(mark_running, self._app.table, head.session, running=False)
        finally:
            await asyncio.shield(self._tenure.release())

    async def _live(self, session: Session) -> None:
        self._parts = parts = Parts(self._app, self._playwright, self._tenure, session, self._starts)
        status = await Run(parts).live()
        if parts.wishes.deleting:
            await patiently(_purge, self._app, session)
            return
        if status is Status.ASLEEP:
            await patiently(self._sleep, session.id, parts.idling.wake_ms)
            return
        # Nobody is to look for an owner until somebody asks again.
        if status is not Status.STOPPED:  # that one was asked for: what is wanted stands there already
            await patiently(_want, self._app, session.id, "stopped")
        if await parts.wishes.is_start_asked():
            await patiently(_want, self._app, session.id, "running")

    def _sleep(self, session_id: str, wake_ms: int) -> None:
        app = self._app
        fall_asleep(session_id, wake_ms, table=app.table, now_ms=app.now_ms())
        work_ms = next_work_ms(session_id, table=app.table)
        if work_ms is not None and work_ms <= app.now_ms():  # it came while the browser was being closed
            wake(session_id, table=app.table, queues=app.engine.queues)


def _want(app: App, session_id: str, desired: str) -> None:
    if set_desired(app.table, session_id, desired):
        mark_running(app.table, session_id, running=desired == "running")


def _purge(app: App, session: Session) -> None:
    forget_device(place_of(app.settings.home, session.id))
    forget_outgoing(app.settings.home, session.id)
    forget_profile(session, table=app.table, blobs=app.engine.blobs["profiles"])
    purge_session(session, table=app.table, queues=app.engine.queues)
