"""The owner of one session: runs its browser as the state machine says, files what the page sees, sends what is due."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from playwright.async_api import Playwright

from containers.worker.amendments import Amendments
from containers.worker.announcer import Announcer
from containers.worker.browsing import Browsing, forget_device, place_of
from containers.worker.effects import (
    Announce,
    AskAgain,
    Effect,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    StopBrowser,
    Unlink,
    WithdrawCode,
)
from containers.worker.intake import Intake
from containers.worker.lane import Lane
from containers.worker.lifecycle import step
from containers.worker.observations import Batch, Gap, LoginSeen, PageTrouble
from containers.worker.orders import Orders
from containers.worker.page import Page
from containers.worker.patience import patiently
from containers.worker.people import People
from containers.worker.recorder import Recorder
from containers.worker.sender import Sender
from containers.worker.signals import LogoutAsked, Observation, StartAsked, StopAsked
from containers.worker.states import AT_REST, State, Status
from containers.worker.steps import Steps
from containers.worker.tenure import Tenure
from waypost.bootstrap import App
from waypost.domain.lease import Head
from waypost.entities.command import waiting_commands
from waypost.entities.head import mark_running
from waypost.entities.session import Session, get_session, set_desired
from waypost.errors import Fenced, WaypostError
from waypost.observability import logger
from waypost.services.sessions import purge_session

log = logger("worker")

_SENDING = frozenset({Status.WORKING, Status.RESTRICTED})
_BACKFILL = 50  # messages looked at in each chat after a gap
_ASKED: dict[str, StartAsked | StopAsked | LogoutAsked] = {
    "start": StartAsked(),
    "stop": StopAsked(),
    "logout": LogoutAsked(),
}


class Owner:
    """One epoch of one session, from the claim to the release."""

    def __init__(self, app: App, playwright: Playwright, tenure: Tenure) -> None:
        self._app = app
        self._playwright = playwright
        self._tenure = tenure

    async def run(self) -> None:
        """Until the session rests, is lost, or the task is cancelled. Raises Fenced, or an engine's error."""
        head = self._tenure.head
        session = await patiently(get_session, self._app.table, head.session)
        try:
            if session is not None and session.desired == "running":
                await _Run(self._app, self._playwright, self._tenure, session).live()
            elif session is not None and session.desired == "deleted":
                await patiently(_purge, self._app, session)  # its last owner died before it could
            else:
                await patiently(mark_running, self._app.table, head.session, running=False)
        finally:
            await asyncio.shield(self._tenure.release())


class _Rested(Exception):
    """The session came to rest: nothing is left to do for its owner."""


class _Run:
    """What lives as long as the owner does."""

    def __init__(self, app: App, playwright: Playwright, tenure: Tenure, session: Session) -> None:
        self._app = app
        self._session = session
        self._tenure = tenure
        self._head: Head = tenure.head
        self._recorder = Recorder(app, tenure.head)
        self._announcer = Announcer(app, session, self._recorder)
        self._steps = Steps(app, self._recorder)
        people = People(app, session)
        self._amendments = Amendments(app, people, self._recorder)
        self._intake = Intake(
            app, session, recorder=self._recorder, steps=self._steps, people=people, amendments=self._amendments
        )
        self._seen: asyncio.Queue[Observation] = asyncio.Queue()
        self._browsing = Browsing(app, playwright, session, observe=self._seen.put_nowait, file=self._file)
        self._sender = Sender(app, session.id, self._head.epoch, steps=self._steps, ready_page=self._ready_page)
        self._orders = Orders(
            app, session, self._head.epoch, amendments=self._amendments, signal=self._obey,
            ready_page=self._ready_page, any_page=lambda: self._browsing.page,
        )  # fmt: skip
        self._state = State()
        self._sending = asyncio.Event()
        self._deleting = False

    async def live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tenure.run())
                tasks.create_task(self._recorder.run())
                tasks.create_task(self._browsing.watch())
                for name in ("interactive", "bulk"):
                    lane = Lane(
                        self._app, self._session.id, name, sender=self._sender, on_command=self._orders.take_up,
                        unique=str(self._head.epoch),
                    )  # fmt: skip
                    tasks.create_task(lane.run())
                await self._orders.take_up()
                self._seen.put_nowait(StartAsked())
                try:
                    await self._follow()
                finally:
                    # While the recorder still runs: the page's last words are filed.
                    await self._orders.end()
                    await asyncio.shield(self._browsing.close())
        except* _Rested:
            await self._rest()

    async def _follow(self) -> None:
        """Let the state machine judge what was seen, and carry out what it says."""
        while True:
            seen = await self._seen.get()
            if isinstance(seen, LoginSeen):
                self._recorder.build = f"wa-js/{seen.wa_js} web/{seen.build}" if seen.build else ""
            self._state, effects = step(self._state, seen, time.monotonic())
            if self._state.status not in _SENDING:
                self._sending.clear()
            for effect in effects:
                await self._carry_out(effect)
            if self._state.status in _SENDING and not self._sending.is_set():
                await self._catch_up()
                self._sending.set()
            if self._state.status in AT_REST and self._seen.empty():
                raise _Rested

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Launch():
                self._browsing.launch(after=0)
            case Relaunch(delay=delay):
                self._browsing.launch(after=delay)
            case StopBrowser():
                await self._browsing.close()
            case Unlink():
                await self._on_page(Page.logout)
            case RefreshCode():
                await self._on_page(Page.refresh_qr)
            case PublishCode(code=code, sequence=sequence):
                await self._announcer.code(code, sequence)
            case WithdrawCode():
                await self._announcer.no_code()
            case AskAgain():
                self._seen.put_nowait(StartAsked())
            case Announce(status=status, reason=reason):
                await self._announce(status, reason)

    async def _on_page(self, call: Callable[[Page], Awaitable[object]]) -> None:
        if self._browsing.page is not None:
            await self._try(call(self._browsing.page))

    async def _announce(self, status: Status, reason: str | None) -> None:
        changes = {"build": self._recorder.build}
        if status in (Status.LOGGED_OUT, Status.BANNED):
            changes |= self._announcer.unlinked()
        elif self._browsing.login is not None:
            changes |= await self._announcer.linked_to(self._browsing.login)
        await self._announcer.status(str(status), reason, changes=changes)

    async def _catch_up(self) -> None:
        """Before sending begins: what came, and what became of our messages, while nobody listened (P1)."""
        page = self._browsing.page
        if page is None or self._session.me is None:
            return  # a new link has no gap: what the page holds is history
        await self._try(self._backfill(page))

    async def _backfill(self, page: Page) -> None:
        recent = await page.recent_messages(_BACKFILL)
        await self._intake.file_recent(recent, since_ms=self._announcer.linked_ms)

    async def _file(self, batch: Batch) -> None:
        """Called for each batch of the page, in order; it is settled when this returns."""
        await self._intake.file(batch.observations)
        page = self._browsing.page
        if page is not None and any(isinstance(seen, Gap | PageTrouble) for seen in batch.observations):
            await self._try(self._backfill(page))

    def _obey(self, name: str) -> None:
        """A command that concerns the session's life."""
        if name == "delete":
            self._deleting = True
            self._seen.put_nowait(LogoutAsked() if self._announcer.linked else StopAsked())
        else:
            self._seen.put_nowait(_ASKED[name])

    async def _ready_page(self) -> Page:
        while True:
            await self._sending.wait()
            page = self._browsing.page
            if page is not None:
                return page
            self._sending.clear()

    async def _rest(self) -> None:
        """The session rests: nobody is to look for an owner until somebody asks again."""
        if self._deleting:
            await patiently(_purge, self._app, self._session)
        else:
            if self._state.status is not Status.STOPPED:  # that one was asked for: what is wanted stands there already
                await patiently(self._want, "stopped")
            if await self._is_start_asked():
                await patiently(self._want, "running")

    async def _is_start_asked(self) -> bool:
        """Whether somebody asked for a start while we came to rest: we took it up too late, or not at all."""
        while not self._seen.empty():
            if isinstance(self._seen.get_nowait(), StartAsked):
                return True
        waiting = await patiently(waiting_commands, self._app.table, self._session.id)
        return any(command.name == "start" and command.state == "waiting" for command in waiting)

    def _want(self, desired: str) -> None:
        if set_desired(self._app.table, self._session.id, desired):
            mark_running(self._app.table, self._session.id, running=desired == "running")

    async def _try(self, call: Awaitable[object]) -> None:
        """What may fail without harm: the page went away, and the state machine hears of that by itself."""
        try:
            await call
        except WaypostError as error:
            if isinstance(error, Fenced):
                raise
            log.warning("the page did not do it", extra={"session": self._session.id, "code": error.code})


def _purge(app: App, session: Session) -> None:
    forget_device(place_of(app.settings.home, session.id))
    purge_session(session, table=app.table, queues=app.engine.queues)
