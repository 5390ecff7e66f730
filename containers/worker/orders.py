"""Takes up what the API asks of an owner: what concerns a life becomes a signal, the rest is done on the page."""

import asyncio
from collections.abc import Awaitable, Callable

from containers.worker.allowance import Allowance
from containers.worker.amendments import Amendments
from containers.worker.announcer import Announcer
from containers.worker.errands import BEFORE_LOGIN, ERRANDS, REPEATABLE
from containers.worker.errands_desk import Desk
from containers.worker.page import Page
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.entities.command import Command
from waypost.entities.session import Session
from waypost.errors import Fenced, NetworkError, WaypostError
from waypost.observability import logger
from waypost.services.commands import arguments_of, finish, take_up

log = logger("worker")

LIFE = frozenset({"start", "stop", "logout", "delete"})
_SECONDS = 60.0  # an errand that takes longer has failed


class Orders:
    """`signal` gets the name of a command that concerns the session's life. `ready_page` waits for a working page;
    `any_page` is the one that is there, logged in or not."""

    def __init__(
        self,
        app: App,
        session: Session,
        epoch: int,
        *,
        amendments: Amendments,
        announcer: Announcer,
        allowance: Allowance,
        signal: Callable[[str], None],
        ready_page: Callable[[], Awaitable[Page]],
        any_page: Callable[[], Page | None],
    ) -> None:
        self._app = app
        self._session = session
        self._epoch = epoch
        self._amendments = amendments
        self._announcer = announcer
        self._allowance = allowance
        self._signal = signal
        self._ready_page = ready_page
        self._any_page = any_page
        self._tasks: set[asyncio.Task[None]] = set()

    async def take_up(self) -> None:
        """Take up what waits, oldest first. Errands run beside each other; returns without waiting for them."""
        taken = await patiently(
            take_up, self._session.id, epoch=self._epoch, repeatable=_is_repeatable, table=self._app.table
        )
        for command in taken:
            if command.name in LIFE:
                self._signal(command.name)
                await self._finish(command, error=None, result={})
            else:
                task = asyncio.create_task(self._do(command))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Let go of what is not done: the next owner takes it up, or says that it is uncertain."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _do(self, command: Command) -> None:
        errand = ERRANDS.get(command.name)
        if errand is None:
            log.error("nobody knows this command", extra={"session": self._session.id, "command": command.name})
            await self._finish(command, error="unknown_command", result=None)
            return
        try:
            async with asyncio.timeout(_SECONDS):
                page = await self._page_for(command.name)
                desk = Desk(self._app, self._session, page, self._amendments, self._announcer, self._allowance)
                arguments = await patiently(arguments_of, command, self._app.seals)
                result = await errand(desk, arguments)
        except Fenced:
            return  # the next owner takes it from here
        except WaypostError as error:
            await self._finish(command, error=error.code, result=None)
        except TimeoutError:
            await self._finish(command, error="timeout", result=None)
        except Exception as error:
            # A mistake of ours: whoever waits hears of it, and the other errands go on.
            kind = type(error).__name__
            log.error("an errand broke", extra={"session": self._session.id, "command": command.name, "kind": kind})
            await self._finish(command, error="internal", result=None)
        else:
            await self._finish(command, error=None, result=result)

    async def _page_for(self, name: str) -> Page:
        if name not in BEFORE_LOGIN:
            return await self._ready_page()
        page = self._any_page()
        if page is None:
            raise NetworkError("No page is open.", code="page_gone")
        return page

    async def _finish(self, command: Command, *, error: str | None, result: dict[str, object] | None) -> None:
        await patiently(
            finish,
            command,
            "done" if error is None else "failed",
            result=result,
            error=error,
            table=self._app.table,
            seals=self._app.seals,
        )


def _is_repeatable(name: str) -> bool:
    return name in REPEATABLE or name in LIFE
