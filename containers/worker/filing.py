"""Files what the page of a session sees, and after a gap what nobody heard."""

from collections.abc import Awaitable, Callable

from containers.worker.announcer import Announcer
from containers.worker.intake import Intake
from containers.worker.observations import Batch, Gap, PageTrouble
from containers.worker.page import Page
from waypost.errors import Fenced, WaypostError
from waypost.observability import logger

log = logger("worker")

_BACKFILL = 50  # messages looked at in each chat after a gap


class Filing:
    """`page` tells the page that is open now, if any."""

    def __init__(
        self, session_id: str, *, intake: Intake, announcer: Announcer, page: Callable[[], Page | None]
    ) -> None:
        self._session = session_id
        self._intake = intake
        self._announcer = announcer
        self._page = page

    async def file(self, batch: Batch) -> None:
        """Called for each batch of the page, in order; it is settled when this returns."""
        await self._intake.file(batch.observations)
        if any(isinstance(seen, Gap | PageTrouble) for seen in batch.observations):
            await self.catch_up()

    async def catch_up(self) -> None:
        """What came, and what became of our messages, while nobody listened (P1)."""
        page = self._page()
        if page is not None:
            await harmlessly(self._backfill(page), self._session)

    async def _backfill(self, page: Page) -> None:
        recent = await page.recent_messages(_BACKFILL)
        await self._intake.file_recent(recent, since_ms=self._announcer.linked_ms)


async def harmlessly(call: Awaitable[object], session_id: str) -> None:
    """What may fail without harm: the page went away, and the state machine hears of that by itself. Raises Fenced."""
    try:
        await call
    except WaypostError as error:
        if isinstance(error, Fenced):
            raise
        log.warning("the page did not do it", extra={"session": session_id, "code": error.code})
