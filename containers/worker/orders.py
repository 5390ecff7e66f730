"""Takes up what the API asks of an owner: what concerns a life becomes a signal, the rest is done on the page."""

import asyncio
from collections.abc import Awaitable, Callable

from containers.worker.errands import ERRANDS, REPEATABLE, Desk
from containers.worker.page import Page
from containers.worker.steps import Steps
from waypost.bootstrap import App
from waypost.entities.command import Command
from waypost.entities.session import Session
from waypost.errors import Fenced, WaypostError
from waypost.observability import logger
from waypost.services.commands import arguments_of, finish, take_up

log = logger("worker")

LIFE = frozenset({"start", "stop", "logout", "delete"})
_SECONDS = 60.0  # an errand that takes longer has failed


class Orders:
    """`signal` gets the name of a command that concerns the session's life. `ready_page` waits for a working page."""

    def __init__(
        self,
        app: App,
        session: Session,
        epoch: int,
        *,
        steps: Steps,
        signal: Callable[[str], None],
        ready_page: Callable[[], Awaitable[Page]],
    ) -> None:
        self._app = app
        self._session = session
        self._epoch = epoch
        self._steps = steps
        self._signal = signal
        self._ready_page = ready_page
        self._tasks: set[asyncio.Task[None]] = set()

    async def take_up(self) -> None:
        """Take up what waits, oldest first. Errands run beside each other; returns without waiting for them."""
        taken = await asyncio.to_thread(
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
        try:
            async with asyncio.timeout(_SECONDS):
                page = await self._ready_page()
                desk = Desk(self._app, self._session, page, self._steps)
                arguments = await asyncio.to_thread(arguments_of, command, self._app.seals)
                result = await ERRANDS[command.name](desk, arguments)
        except Fenced:
            return  # the next owner takes it from here
        except WaypostError as error:
            await self._finish(command, error=error.code, result=None)
        except TimeoutError:
            await self._finish(command, error="timeout", result=None)
        except KeyError:
            log.error("nobody knows this command", extra={"session": self._session.id, "command": command.name})
            await self._finish(command, error="unknown_command", result=None)
        else:
            await self._finish(command, error=None, result=result)

    async def _finish(self, command: Command, *, error: str | None, result: dict[str, object] | None) -> None:
        await asyncio.to_thread(
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
