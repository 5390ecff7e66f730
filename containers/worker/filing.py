"""Files what the page of a session sees, in order: what nobody heard in a gap comes before what is heard after it.

While there is a gap, what the page tells of messages is held back; once the gap is filled, it is filed behind. Should
the worker die meanwhile, nothing is lost: the page has it, and the next owner finds the gap larger.
"""

import asyncio
from collections.abc import Awaitable, Callable

from containers.worker.announcer import Announcer
from containers.worker.backfill import Backfill
from containers.worker.intake import Intake
from containers.worker.observations import Batch, Gap, MessageSeen, PageObservation, PageTrouble
from containers.worker.observed_changes import ChangeSeen
from containers.worker.observed_content import VoteSeen
from containers.worker.page import Page
from waypost.bootstrap import App
from waypost.domain.health import evidence_from
from waypost.entities.session import Session
from waypost.errors import Fenced, WaypostError
from waypost.observability import logger

log = logger("worker")

_PAUSES = (0.0, 0.5, 2.0)  # seconds before each try to fill a gap


class Filing:
    """`page` tells the page that is open now, if any. It begins in a gap: nobody listened before."""

    def __init__(
        self,
        app: App,
        session: Session,
        *,
        intake: Intake,
        backfill: Backfill,
        announcer: Announcer,
        page: Callable[[], Page | None],
    ) -> None:
        self._app = app
        self._session = session.id
        self._intake = intake
        self._backfill = backfill
        self._announcer = announcer
        self._page = page
        # The last sign of life of an earlier owner: from about then on nobody listened.
        self._heard_ms = evidence_from(session.health).checked_ms
        self._linked_anew = session.me is None  # what the page holds then is history, not a gap
        self._gap = True
        self._unfilled_ms = app.now_ms()  # since when something may be missing
        self._held: list[PageObservation] = []
        self._filling = asyncio.Lock()

    async def file(self, batch: Batch) -> None:
        """Called for each batch of the page, in order; it is settled when this returns."""
        lost = any(isinstance(seen, Gap | PageTrouble) for seen in batch.observations)
        if lost:
            self.begin_gap()
        if not self._gap:
            await self._intake.file(batch.observations)
            return
        self._held += [seen for seen in batch.observations if _tells_of_messages(seen)]
        await self._intake.file([seen for seen in batch.observations if not _tells_of_messages(seen)])
        if lost and self._page() is not None:
            await self.catch_up()

    def begin_gap(self) -> None:
        """From now on something may be missing."""
        if not self._gap:
            self._gap = True
            self._unfilled_ms = self._unfilled_ms or self._app.now_ms()

    async def catch_up(self) -> None:
        """What came, and what became of our messages, while nobody listened (P1); then what was held back."""
        async with self._filling:
            for pause in () if self._linked_anew else _PAUSES:
                await asyncio.sleep(pause)
                page = self._page()
                if page is None:
                    return  # the next one that is ready is asked
                if await harmlessly(self._fill(page), self._session):
                    break
            self._linked_anew = False
            while self._held:
                held, self._held = self._held, []
                await self._intake.file(held)
            self._gap = False

    async def _fill(self, page: Page) -> None:
        """Should it fail, the next gap is looked through from where this one began."""
        now_ms = self._app.now_ms()
        found = await self._backfill.fill(
            page,
            linked_ms=self._announcer.linked_ms,
            heard_ms=self._heard_ms,
            gap_ms=self._unfilled_ms or now_ms,
        )
        self._heard_ms, self._unfilled_ms = now_ms, 0
        if found:
            log.info("filled a gap", extra={"session": self._session, "messages": found})


def _tells_of_messages(seen: PageObservation) -> bool:
    return isinstance(seen, MessageSeen | ChangeSeen | VoteSeen)


async def harmlessly(call: Awaitable[object], session_id: str) -> bool:
    """What may fail without harm: the page went away, and the state machine hears of that by itself. Whether it went
    well. Raises Fenced."""
    try:
        await call
    except WaypostError as error:
        if isinstance(error, Fenced):
            raise
        log.warning("the page did not do it", extra={"session": session_id, "code": error.code})
        return False
    return True
