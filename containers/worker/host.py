"""The worker's slots: takes sessions that want an owner, runs each in a task, and hands them back.

Sessions come from the `claims` queue, and from a look at the running ones, which finds those whose owner died, at the
moment when they may be claimed. Handed back means: sends in hand finished, profile saved, browser closed, lease
released, and announced, so that the next owner starts at once.
"""

import asyncio
import random

from playwright.async_api import Playwright

from containers.worker.claims import Claims
from containers.worker.company import Company
from containers.worker.fence import Fence
from containers.worker.outgoing_files import clear_outgoing
from containers.worker.owner import Owner
from containers.worker.patience import patiently
from containers.worker.starts import Starts
from containers.worker.tenure import Tenure, take
from waypost.bootstrap import App
from waypost.domain.lease import ms_until_claimable
from waypost.domain.placement import which_to_hand_over
from waypost.entities.head import list_running
from waypost.errors import Fenced, StorageError, WaypostError
from waypost.observability import logger
from waypost.services.sessions import announce

log = logger("worker")

DRAIN_SECONDS = 100.0  # of Fargate's 120 and the launcher's 110; what is not done by then is left to the fence
_LOOK_SECONDS = 5.0
_WAIT_SECONDS = 5.0
_BROKEN_SECONDS = 2  # before somebody takes up a session whose owner broke: it may break again


class Host:
    """Owns up to `slots` sessions (R-LIM-4)."""

    def __init__(self, app: App, playwright: Playwright, *, worker: str, fence: Fence, slots: int) -> None:
        self._app = app
        self._playwright = playwright
        self._worker = worker
        self._fence = fence
        self._slots = slots
        self._claiming = asyncio.Lock()
        self._taking: asyncio.Future[Tenure | None] | None = None
        self._owners: dict[str, Owner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._starts = Starts(app.settings.placing.starts_at_once)
        self._claims = Claims(app.engine.queues.queue("claims"))
        self._company = Company(app, worker, slots, used=lambda: len(self._tasks), give_away=self._give_away)

    async def run(self) -> None:
        """Until cancelled; then every session is handed back, within DRAIN_SECONDS. Raises NetworkError when the
        launcher is gone."""
        await asyncio.to_thread(clear_outgoing, self._app.settings.home)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._company.run())
                tasks.create_task(self._listen())
                tasks.create_task(self._look_around())
        finally:
            await self._drain()

    async def _listen(self) -> None:
        while True:
            if not self._company.has_room:
                await asyncio.sleep(1)
                continue
            pause = self._company.seconds_before_claiming()
            await asyncio.sleep(pause)
            # Who has most room waits at the queue, and gets what comes; the others look in now and then.
            claim = await self._claims.next(0 if pause else _WAIT_SECONDS)
            if claim is not None:
                await self._try(claim.session)
                await self._claims.forget(claim)
                await asyncio.sleep(self._company.seconds_after_claiming())

    async def _look_around(self) -> None:
        while True:
            pause = _LOOK_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311  # spread, not a secret
            try:
                pause = min(pause, await self._take_the_orphaned())
            except StorageError as error:
                log.error("cannot look for sessions without an owner", extra={"code": error.code})
            await asyncio.sleep(pause)

    async def _take_the_orphaned(self) -> float:
        """Returns the seconds until the next session may be claimed, if nobody renews its lease until then."""
        soonest = _LOOK_SECONDS * 1000
        for head in await asyncio.to_thread(list_running, self._app.table):
            wait_ms = ms_until_claimable(head, self._app.now_ms(), self._app.lease)
            if head.session in self._tasks:
                continue
            if head.owner == self._worker:
                await self._try(head.session)  # of our last life
            elif wait_ms == 0 and self._company.has_room:
                await asyncio.sleep(self._company.seconds_before_claiming() + self._company.seconds_after_claiming())
                await self._try(head.session)
            elif wait_ms == 0:
                continue
            else:
                soonest = min(soonest, wait_ms)
        return soonest / 1000

    async def _try(self, session_id: str) -> None:
        async with self._claiming:  # one claim at a time: a second one by us would fence off the first
            if session_id in self._tasks or len(self._tasks) >= self._slots:
                return
            self._taking = asyncio.ensure_future(take(self._app, session_id, self._worker, self._fence))
            try:
                tenure = await asyncio.shield(self._taking)
            except StorageError as error:
                log.warning("cannot claim a session", extra={"session": session_id, "code": error.code})
                return
            self._taking = None
            if tenure is not None:
                self._start(tenure)

    def _start(self, tenure: Tenure) -> None:
        session_id = tenure.head.session
        log.info("took a session", extra={"session": session_id, "epoch": tenure.head.epoch})
        self._owners[session_id] = owner = Owner(self._app, self._playwright, tenure, self._starts)
        self._tasks[session_id] = task = asyncio.create_task(self._own(owner, session_id))
        task.add_done_callback(lambda _: (self._tasks.pop(session_id), self._owners.pop(session_id)))

    async def _own(self, owner: Owner, session_id: str) -> None:
        try:
            await self._live(owner, session_id)
        except asyncio.CancelledError:
            await self._announce(session_id, after=0)
            raise

    async def _live(self, owner: Owner, session_id: str) -> None:
        try:
            await owner.run()
        except* Fenced:
            log.warning("lost a session to another worker", extra={"session": session_id})
        except* StorageError as group:
            codes = [getattr(error, "code", "") for error in group.exceptions]
            log.error("gave a session up: the engine failed", extra={"session": session_id, "codes": codes})
            await self._announce(session_id, after=_BROKEN_SECONDS)
        except* Exception as group:
            # One session's trouble must not end the others.
            kinds = [_describe(error) for error in group.exceptions]
            log.error("a session's owner ended", extra={"session": session_id, "kinds": kinds})
            await self._announce(session_id, after=_BROKEN_SECONDS)

    async def _announce(self, session_id: str, *, after: int) -> None:
        try:
            await patiently(announce, session_id, queues=self._app.engine.queues, after_seconds=after)
        except WaypostError as error:
            # It is found by looking around, within seconds.
            log.warning("a session was not announced", extra={"session": session_id, "code": error.code})

    async def _drain(self) -> None:
        leaving = [asyncio.create_task(self._hand_back(session)) for session in self._tasks]
        leaving.append(asyncio.create_task(self._claims.leave(_WAIT_SECONDS + 1)))
        if self._taking is not None:
            leaving.append(asyncio.create_task(self._give_back(self._taking)))
        _, late = await asyncio.wait(leaving, timeout=DRAIN_SECONDS)
        if late:
            log.error("sessions were not handed back in time", extra={"count": len(late)})

    async def _hand_back(self, session_id: str) -> None:
        task = self._tasks[session_id]
        await asyncio.sleep(0)  # an owner that never began would release nothing
        await self._owners[session_id].finish_sends()
        task.cancel()
        await asyncio.wait({task})
        log.info("handed a session back", extra={"session": session_id})

    async def _give_away(self) -> bool:
        """Hand the biggest idle session over, in a planned way; False when all are busy."""
        held = [await asyncio.to_thread(owner.held) for owner in list(self._owners.values())]
        session_id = which_to_hand_over(held)
        if session_id is None or session_id not in self._tasks:
            return False
        await self._hand_back(session_id)
        return True

    async def _give_back(self, taking: asyncio.Future[Tenure | None]) -> None:
        """A claim that was under way when we were told to stop."""
        tenure = await taking
        if tenure is not None and await tenure.release():
            await self._announce(tenure.head.session, after=0)


def _describe(error: BaseException) -> str:
    """The class and the place of an error; never its text, which may hold what was sent."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_describe(inner) for inner in error.exceptions)
    trace, line = error.__traceback__, ""
    while trace is not None:
        line = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {line}"
