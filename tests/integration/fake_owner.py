"""A session's owner for tests of the API: takes commands up from the table and answers them, without a browser."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from waypost.bootstrap import App
from waypost.errors import WaypostError
from waypost.services.commands import arguments_of, finish, take_up

type Errand = Callable[[dict[str, Any]], dict[str, Any]]

LIFE = ("start", "stop", "logout", "delete")


@dataclass
class FakeOwner:
    """`errands` by the command's name; one that raises WaypostError fails with its code. What it has none for waits."""

    app: App
    session: str
    errands: dict[str, Errand] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(0.005):
            for command in take_up(self.session, epoch=1, repeatable=lambda _: True, table=self.app.table):
                if command.name in LIFE:
                    finish(command, "done", result={}, table=self.app.table, seals=self.app.seals)
                    continue
                arguments = arguments_of(command, self.app.seals)
                self.asked.append((command.name, arguments))
                if command.name not in self.errands:
                    continue
                try:
                    result = self.errands[command.name](arguments)
                except WaypostError as error:
                    finish(command, "failed", error=error.code, table=self.app.table, seals=self.app.seals)
                else:
                    finish(command, "done", result=result, table=self.app.table, seals=self.app.seals)


@contextmanager
def owner_of(app: App, session: str, **errands: Errand) -> Iterator[FakeOwner]:
    owner = FakeOwner(app, session, errands)
    thread = threading.Thread(target=owner.run)
    thread.start()
    try:
        yield owner
    finally:
        owner.ended.set()
        thread.join()


def failing(code: str) -> Errand:
    def errand(_arguments: dict[str, Any]) -> dict[str, Any]:
        raise WaypostError("no", code=code)

    return errand
