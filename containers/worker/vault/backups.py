"""Backs one session's profile up, while its browser runs or after it was closed, and never publishes a bad state."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from containers.worker.browser import Browser
from containers.worker.fence import Fence
from containers.worker.patience import patiently
from containers.worker.vault.freezing import NotFrozen
from containers.worker.vault.links import copy_folder, profile_folder, take_copy
from containers.worker.vault.manifest import Saved
from containers.worker.vault.packing import Packer
from containers.worker.vault.page_state import is_logged_in, origin_of, take_state
from containers.worker.vault.publishing import Packed, Tally, pack_up
from containers.worker.vault.snapshot import Snapshot, inspect
from waypost.bootstrap import App
from waypost.domain.profile import Measure, Unfit, Version, may_publish, may_restore
from waypost.entities.profile import list_versions
from waypost.entities.session import Session
from waypost.errors import Fenced, NetworkError, StorageError, WaypostError
from waypost.observability import logger
from waypost.services.profiles import collect, publish

log = logger("worker")

_COLLECT_EVERY = 10  # listing the store costs as much as writing to it


class Backups:
    """Of one epoch of one session. `linked_ms` tells when the account was linked, 0: it is not."""

    def __init__(
        self, app: App, session: Session, epoch: int, packer: Packer, fence: Fence, linked_ms: Callable[[], int]
    ) -> None:
        self.paused_ms: list[float] = []  # of the latest backups, for measuring
        self._app = app
        self._session = session.id
        self._epoch = epoch
        self._packer = packer
        self._fence = fence
        self._linked_ms = linked_ms
        self._kept: list[Version] | None = None
        self._tally = Tally()
        self._count = 0
        self._turn = asyncio.Lock()

    async def of_running(self, browser: Browser) -> bool:
        """Back up beside a running browser; False when it could not now. Raises Fenced."""
        async with self._turn:
            return await self._try(browser, None)

    async def look(self, browser: Browser) -> Saved | None:
        """What has to be asked of a page that is about to be closed; None when it is not worth a backup."""
        if not self._linked_ms() or not await is_logged_in(browser):
            return None
        try:
            return await take_state(browser, origin_of(self._app.settings.whatsapp_url))
        except NetworkError:
            return None

    async def of_closed(self, browser: Browser, saved: Saved) -> bool:
        """Back up what a closed browser has left. `saved` is what `look` returned. Raises Fenced."""
        async with self._turn:
            return await self._try(browser, saved)

    async def _try(self, browser: Browser, saved: Saved | None) -> bool:
        copy = copy_folder(self._app.settings.home, self._session)
        try:
            return await self._back_up(browser, saved, copy)
        except Fenced:
            raise
        except (WaypostError, NotFrozen, OSError) as problem:
            # What became of it is not known: the next try reads the table anew.
            self._kept = None
            code = problem.code if isinstance(problem, WaypostError) else type(problem).__name__
            log.error("the profile was not backed up", extra={"session": self._session, "code": code})
            return False
        finally:
            await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)

    async def _back_up(self, browser: Browser, saved: Saved | None, copy: Path) -> bool:
        linked_ms, taken_ms, running = self._linked_ms(), self._app.now_ms(), saved is None
        if not linked_ms:
            return True  # nobody is logged in: there is nothing to keep
        if saved is None:
            saved = await self.look(browser)
            if saved is None:
                return self._unfit("logged_out")
            await self._copy_running(browser)
        else:
            await asyncio.to_thread(take_copy, None, self._profile, copy)
        snapshot = await asyncio.to_thread(inspect, copy)
        logged_in = not running or await is_logged_in(browser)
        kept = await self._versions()
        previous = next((version for version in kept if may_restore(version, linked_ms)), None)
        unfit = may_publish(previous, Measure(linked_ms, logged_in, snapshot.torn is None, snapshot.data_bytes))
        if unfit is not None or linked_ms != self._linked_ms():
            return self._unfit(unfit or "logged_out")
        packed = await self._pack(snapshot, saved, linked_ms, taken_ms, browser.chromium)
        await self._publish(packed, kept)
        return True

    async def _copy_running(self, browser: Browser) -> None:
        """Raises NotFrozen."""
        if self._fence.has_launcher:
            paused_ms = await self._fence.copy_profile(self._session)
            if paused_ms is None:
                raise NotFrozen
        else:
            copy = copy_folder(self._app.settings.home, self._session)
            paused_ms = await asyncio.to_thread(take_copy, browser.process(), self._profile, copy)
        self.paused_ms = [*self.paused_ms[-99:], paused_ms]

    async def _pack(self, snapshot: Snapshot, saved: Saved, linked_ms: int, taken_ms: int, chromium: str) -> Packed:
        self._count += 1
        return await pack_up(
            snapshot, saved, session=self._session, epoch=self._epoch, count=self._count, linked_ms=linked_ms,
            taken_ms=taken_ms, chromium=chromium, packer=self._packer, blobs=self._app.engine.blobs["profiles"],
            tally=self._tally,
        )  # fmt: skip

    async def _publish(self, packed: Packed, kept: list[Version]) -> None:
        table, blobs = self._app.table, self._app.engine.blobs["profiles"]
        self._kept = await patiently(
            publish, packed.version, packed.manifest, kept=kept, keep=self._app.settings.profile_versions,
            table=table, blobs=blobs, now_ms=self._app.now_ms(),
        )  # fmt: skip
        self._tally.learn(self._kept)
        log.info(
            "backed the profile up",
            extra={
                "session": self._session,
                "version": packed.version.id,
                "put": packed.put,
                "bytes": packed.put_bytes,
            },
        )
        if self._count % _COLLECT_EVERY == 1:
            await self._collect()

    async def _collect(self) -> None:
        """What is left is found by the next one."""
        table, blobs = self._app.table, self._app.engine.blobs["profiles"]
        try:
            await patiently(collect, self._session, self._kept or [], epoch=self._epoch, table=table, blobs=blobs)
        except Fenced:
            raise
        except StorageError as problem:
            log.warning("unused objects were not collected", extra={"session": self._session, "code": problem.code})

    async def _versions(self) -> list[Version]:
        if self._kept is None:
            self._kept = await patiently(list_versions, self._app.table, self._session)
            self._tally.learn(self._kept)
        return self._kept

    def _unfit(self, why: Unfit) -> bool:
        log.warning("the profile is not fit for a backup", extra={"session": self._session, "why": why})
        return False

    @property
    def _profile(self) -> Path:
        return profile_folder(self._app.settings.home, self._session)
