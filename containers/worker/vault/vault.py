"""The vault of one session under one epoch, as its owner sees it.

prepare      before every launch: the profile to start on (`readying.py`)
judge        of what the page says after it: did the profile lead to a login?
run          backs up beside the running browser, when `keeper.py` says
put_away     closes the browser, with the last backup
"""

import asyncio
from collections.abc import Awaitable, Callable

from containers.worker.browser import Browser
from containers.worker.fence import Fence
from containers.worker.observations import Batch, CodeShown, LoginSeen, MessageSeen
from containers.worker.observed_changes import ChangeSeen
from containers.worker.signals import Observation
from containers.worker.states import Status
from containers.worker.vault.backups import Backups
from containers.worker.vault.handed_over import HandedOver
from containers.worker.vault.keeper import Keeper
from containers.worker.vault.manifest import Saved
from containers.worker.vault.packing import Packer
from containers.worker.vault.readying import Readying, Restored
from waypost.bootstrap import App
from waypost.entities.session import Session
from waypost.observability import logger

log = logger("worker")

_LAST_SECONDS = 60.0  # a worker that ends has 110 s
_TRAFFIC = (MessageSeen, ChangeSeen)
_LOGGED_IN = frozenset({Status.WORKING, Status.RESTRICTED})


class Vault:
    """`linked_ms` tells when the account was linked, 0: it is not."""

    def __init__(self, app: App, session: Session, epoch: int, *, fence: Fence, linked_ms: Callable[[], int]) -> None:
        packer = Packer(app.engine.keys, app.seals, tenant=session.tenant, session=session.id)
        self.backups = Backups(app, session, epoch, packer, fence, linked_ms)
        self.browser: Browser | None = None  # as long as it is worth a backup
        self._readying = Readying(app, session, epoch, packer, linked_ms)
        self._keeper = Keeper(self._back_up)
        self._session = session.id
        self._linked_ms = linked_ms
        self._handed_over = HandedOver(app, session)
        self._backed_link = int(session.profile.get("linked_ms", 0))

    @property
    def restored(self) -> Restored | None:
        """What this epoch's profile was restored from; None: it is the one that ran last."""
        return self._readying.restored

    async def prepare(self) -> Saved | None:
        """Raises as `Readying.prepare`."""
        saved = await self._readying.prepare()
        return await self._handed_over.take() if saved is None and not self._linked_ms() else saved

    def doubt(self) -> None:
        """The next browser starts on the last good copy instead of the local profile, where there is one."""
        self._readying.doubt()

    async def judge(self, seen: Observation) -> Observation:
        """What the owner is to make of what was seen. Raises Fenced, and what the table raises."""
        if (isinstance(seen, CodeShown) and seen.code) or (isinstance(seen, LoginSeen) and seen.working):
            await self._handed_over.done()
        return await self._readying.judge(seen)

    def note_status(self, status: Status) -> None:
        """Called after every step of the session's life: a new link is backed up at once."""
        linked_ms = self._linked_ms()
        if status in _LOGGED_IN and linked_ms and linked_ms != self._backed_link:
            self._backed_link = linked_ms
            self._keeper.at_once()

    def note_batch(self, batch: Batch) -> None:
        """What came by the feed: a profile with traffic that no backup has is backed up soon."""
        if any(isinstance(seen, _TRAFFIC) for seen in batch.observations):
            self._keeper.traffic()

    async def run(self) -> None:
        """Until cancelled. Raises Fenced."""
        await self._keeper.run()

    async def put_away(self, browser: Browser, close: Callable[[], Awaitable[None]]) -> None:
        """Close the browser by `close`, and back up what it leaves: nothing comes after that, so who restores it has
        forgotten nothing. Raises Fenced."""
        saved = await self.backups.look(browser)
        await close()
        if saved is None:
            return
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                await self.backups.of_closed(browser, saved)
        except TimeoutError:
            log.error("there was no time for the last backup", extra={"session": self._session})

    async def _back_up(self) -> bool:
        return self.browser is not None and await self.backups.of_running(self.browser)
