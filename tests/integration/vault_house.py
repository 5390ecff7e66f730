"""One session with its vault, a real browser on the simulated network, and the embedded engine; no owner around it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.async_api import Playwright

from containers.worker.browser import Browser, Place, running
from containers.worker.browsing import forget_device, place_of
from containers.worker.fence import Fence
from containers.worker.identity import Identity
from containers.worker.vault.page_state import put_back
from containers.worker.vault.vault import Vault
from infra.local.builder import build
from tests.integration.simulator_driver import CHROMIUM, Phone, Simulator
from tests.integration.worker_driver import Session as Driven
from tests.integration.worker_driver import browser_pids
from waypost.bootstrap import App, join
from waypost.domain.profile import Version
from waypost.entities.head import claim
from waypost.entities.profile import list_versions
from waypost.entities.session import Session, get_session
from waypost.services.sessions import create_session
from waypost.settings import Settings

TENANT, SESSION = "ten_" + "0" * 26, "ses_" + "0" * 26
LINKED_MS = 1


@dataclass
class VaultHouse:
    """`own` is one life of an owner: a fresh epoch, a fresh vault, a browser on what the vault readied."""

    app: App
    playwright: Playwright
    simulator: Simulator
    linked_ms: int = 0
    epochs: list[int] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return place_of(self.app.settings.home, SESSION)

    @property
    def profile(self) -> Path:
        return self.place.profile

    def claim(self) -> int:
        head = claim(self.app.table, SESSION, "wrk_test", self.app.now_ms(), self.app.now_ms() + 30_000)
        self.epochs.append(head.epoch)
        return head.epoch

    def vault(self, epoch: int, fence: Fence | None = None) -> Vault:
        session = get_session(self.app.table, SESSION)
        assert session is not None
        return Vault(self.app, session, epoch, fence=fence or Fence(None), linked_ms=lambda: self.linked_ms)

    @asynccontextmanager
    async def own(self) -> AsyncIterator[tuple[Vault, Driven]]:
        vault = self.vault(self.claim())
        saved = await vault.prepare()
        ready = None if saved is None else partial(put_back, saved=saved)
        identity, url = Identity(chromium=Path(CHROMIUM)), self.simulator.url
        async with running(self.playwright, self.place, identity, url, ready=ready) as browser:
            vault.browser = browser
            session = Driven(browser)
            consuming = asyncio.create_task(session.consume())
            await session.page.open(url)
            try:
                yield vault, session
            finally:
                vault.browser = None
                session.storing.set()
                await browser.stop()
                await consuming

    @asynccontextmanager
    async def linked(self, phone: Phone) -> AsyncIterator[tuple[Vault, Driven]]:
        """The first life: the phone scans the code."""
        async with self.own() as (vault, session):
            await session.link(phone)
            self.linked_ms = LINKED_MS
            yield vault, session

    def versions(self) -> list[Version]:
        """The newest first."""
        return list_versions(self.app.table, SESSION)

    def lose_disk(self) -> None:
        forget_device(self.place)

    async def kill(self, browser: Browser) -> None:
        os.kill(browser_pids(self.profile)[0], signal.SIGKILL)
        await asyncio.wait_for(browser.ended, 10)

    def objects(self) -> list[str]:
        return self.app.engine.blobs["profiles"].list(f"{SESSION}/")


@asynccontextmanager
async def vault_house(playwright: Playwright, simulator: Simulator, home: Path) -> AsyncIterator[VaultHouse]:
    with build(home) as engine:
        settings = Settings(home=home, whatsapp_url=simulator.url, chromium=Path(CHROMIUM))
        app = join(settings, engine)
        create_session(
            Session(id=SESSION, tenant=TENANT, name="shop", created_ms=app.now_ms()),
            table=app.table, queues=engine.queues,
        )  # fmt: skip
        yield VaultHouse(app, playwright, simulator)
