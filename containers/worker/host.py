"""The worker's slots: takes sessions that want an owner, runs each in a task, and hands them back at the end.

Sessions come from the `claims` queue, and from a look at the running ones, which finds those whose owner died.
"""

import asyncio
import json
import random

from playwright.async_api import Playwright

from containers.worker.fence import Fence
from containers.worker.owner import Owner
from containers.worker.tenure import Tenure, take
from waypost.bootstrap import App
from waypost.domain.lease import may_claim
from waypost.entities.head import list_running
from waypost.errors import Fenced, StorageError
from waypost.observability import logger
from waypost.ports import Received

log = logger("worker")

_LOOK_SECONDS = 5.0
_WAIT_SECONDS = 5.0


class Host:
    """Owns up to `slots` sessions (R-LIM-4)."""

    def __init__(self, app: App, playwright: Playwright, *, worker: str, fence: Fence, slots: int) -> None:
        self._app = app
        self._playwright = playwright
        self._worker = worker
        self._fence = fence
        self._slots = slots
        self._claiming = asyncio.Lock()
        self._owners: dict[str, asyncio.Task[None]] = {}
        self._claims = app.engine.queues.queue("claims")

    async def run(self) -> None:
        """Until cancelled; then every session is handed back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._look_around())
        finally:
            await self._hand_back()

    async def _listen(self) -> None:
        while True:
            if len(self._owners) >= self._slots:
                await asyncio.sleep(1)
                continue
            try:
                received = await asyncio.to_thread(self._claims.receive, limit=1, wait_seconds=_WAIT_SECONDS)
                for claim in received:
                    await self._answer(claim)
            except StorageError as error:
                log.error("cannot listen for claims", extra={"code": error.code})
                await asyncio.sleep(1)

    async def _answer(self, claim: Received) -> None:
        await self._try(json.loads(claim.body)["session"])
        # Whoever owns it now has it; and a session that nobody could take is found by looking around.
        await asyncio.to_thread(self._claims.delete, claim.receipt)

    async def _look_around(self) -> None:
        while True:
            try:
                for head in await asyncio.to_thread(list_running, self._app.table):
                    if head.owner == self._worker or may_claim(head, self._app.now_ms()):
                        await self._try(head.session)
            except StorageError as error:
                log.error("cannot look for sessions without an owner", extra={"code": error.code})
            await asyncio.sleep(_LOOK_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  # spread, not a secret

    async def _try(self, session_id: str) -> None:
        async with self._claiming:  # one claim at a time: a second one by us would fence off the first
            if session_id in self._owners or len(self._owners) >= self._slots:
                return
            tenure = await take(self._app, session_id, self._worker, self._fence)
            if tenure is not None:
                self._start(tenure)

    def _start(self, tenure: Tenure) -> None:
        session_id = tenure.head.session
        log.info("took a session", extra={"session": session_id, "epoch": tenure.head.epoch})
        owner = Owner(self._app, self._playwright, tenure)
        task = asyncio.create_task(self._own(owner, session_id))
        self._owners[session_id] = task
        task.add_done_callback(lambda _: self._owners.pop(session_id, None))

    async def _own(self, owner: Owner, session_id: str) -> None:
        try:
            await owner.run()
        except* Fenced:
            log.warning("lost a session to another worker", extra={"session": session_id})
        except* StorageError as group:
            codes = [getattr(error, "code", "") for error in group.exceptions]
            log.error("gave a session up: the engine failed", extra={"session": session_id, "codes": codes})
        except* Exception as group:
            # One session's trouble must not end the others; it is found again by looking around.
            kinds = [_describe(error) for error in group.exceptions]
            log.error("a session's owner ended", extra={"session": session_id, "kinds": kinds})

    async def _hand_back(self) -> None:
        owners = list(self._owners.values())
        for task in owners:
            task.cancel()
        await asyncio.gather(*owners, return_exceptions=True)


def _describe(error: BaseException) -> str:
    """The class and the place of an error; never its text, which may hold what was sent."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_describe(inner) for inner in error.exceptions)
    trace, line = error.__traceback__, ""
    while trace is not None:
        line = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {line}"
