"""What the API asks of a session's life, as observations for the state machine."""

import asyncio

from containers.worker.announcer import Announcer
from containers.worker.patience import patiently
from containers.worker.signals import LogoutAsked, Observation, StartAsked, StopAsked
from containers.worker.vitals import Vitals
from waypost.bootstrap import App
from waypost.entities.command import waiting_commands

_ASKED: dict[str, StartAsked | StopAsked | LogoutAsked] = {
    "start": StartAsked(),
    "stop": StopAsked(),
    "logout": LogoutAsked(),
}


class Wishes:
    """Of one session. `deleting`: it is to be purged once it rests."""

    def __init__(
        self, app: App, session_id: str, announcer: Announcer, seen: asyncio.Queue[Observation], vitals: Vitals
    ) -> None:
        self._app = app
        self._session = session_id
        self._announcer = announcer
        self._seen = seen
        self._vitals = vitals
        self.deleting = False

    def obey(self, name: str) -> None:
        """A command that concerns the session's life."""
        self._vitals.active()
        if name == "delete":
            self.deleting = True
            self._seen.put_nowait(LogoutAsked() if self._announcer.linked else StopAsked())
        else:
            self._seen.put_nowait(_ASKED[name])

    async def is_start_asked(self) -> bool:
        """Whether somebody asked for a start while we came to rest: we took it up too late, or not at all."""
        while not self._seen.empty():
            if isinstance(self._seen.get_nowait(), StartAsked):
                return True
        waiting = await patiently(waiting_commands, self._app.table, self._session)
        return any(command.name == "start" and command.state == "waiting" for command in waiting)
