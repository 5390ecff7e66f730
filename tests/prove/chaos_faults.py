"""Everything that chaos does to a house. Each fault hurts one thing, and returns how to mend it, if it does not mend
by itself. A fault that finds nothing to hurt says so, and is not counted."""

import contextlib
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.e2e.house import House
from tests.prove.chaos_load import Line
from tests.prove.crew import Crew, below, crews, cut_off, freeze, join_again, kill, stop, wake

type Mend = Callable[[], None]


class NothingToHurt(Exception):
    """What the fault was for is not there at this moment."""


@dataclass(frozen=True)
class Scene:
    house: House
    lines: list[Line]
    chance: random.Random

    def crew(self) -> Crew:
        found = crews(self.house)
        if not found:
            raise NothingToHurt
        return self.chance.choice(found)

    def browser(self) -> int:
        browsers = sorted(pid for crew in crews(self.house) for pid in crew.browsers.values())
        if not browsers:
            raise NothingToHurt
        return self.chance.choice(browsers)

    def tell(self, path: str, document: dict[str, object], method: str = "POST") -> None:
        """The simulator; it may have no page at this moment."""
        with self.house.simulator() as simulator:
            answer = simulator.request(method, f"/control{path}", json=document)
            if answer.status_code == 404:
                raise NothingToHurt
            answer.raise_for_status()


def kill_worker(scene: Scene) -> Mend:
    kill(scene.crew().worker)
    return _by_itself


def kill_launcher(scene: Scene) -> Mend:
    kill(scene.crew().launcher)
    return _by_itself


def stop_worker(scene: Scene) -> Mend:
    """As a deploy does: SIGTERM, and sessions are handed over."""
    stop(scene.crew().launcher)
    return _by_itself


def freeze_worker(scene: Scene) -> Mend:
    crew = scene.crew()
    pids = [crew.worker, *([crew.driver] if crew.driver else [])]
    freeze(scene.house, *pids)
    return lambda: wake(*pids)


def freeze_task(scene: Scene) -> Mend:
    """All of it, launcher and browsers; it wakes browsers first, which is the worst order."""
    crew = scene.crew()
    task = crew.task
    freeze(scene.house, *task)
    return lambda: wake(*sorted(task, reverse=True))


def cut_table(scene: Scene) -> Mend:
    worker = scene.crew().worker
    cut_off(scene.house, worker)
    return lambda: join_again(scene.house, worker)


def kill_browser(scene: Scene) -> Mend:
    kill(scene.browser())
    return _by_itself


def freeze_browser(scene: Scene) -> Mend:
    browser = scene.browser()
    pids = [browser, *below(browser)]
    freeze(scene.house, *pids)
    return lambda: wake(*pids)


def hang_page(scene: Scene) -> Mend:
    hurt: dict[str, object] = {"action": "hang"}
    if scene.chance.random() < 0.5:
        hurt["ms"] = scene.chance.randrange(500, 4000)
    scene.tell(f"/accounts/{scene.chance.choice(scene.lines).number}/page", hurt)
    return _by_itself


def crash_page(scene: Scene) -> Mend:
    scene.tell(f"/accounts/{scene.chance.choice(scene.lines).number}/page", {"action": "crash"})
    return _by_itself


def duplicates(scene: Scene) -> Mend:
    path = f"/accounts/{scene.chance.choice(scene.lines).number}"
    scene.tell(path, {"duplicates": True}, "PATCH")

    def mend() -> None:
        with contextlib.suppress(httpx.HTTPError):
            scene.tell(path, {"duplicates": False}, "PATCH")

    return mend


def outage(scene: Scene) -> Mend:
    scene.tell("/outage", {"ms": scene.chance.randrange(200, 3000)})
    return _by_itself


def everything(scene: Scene) -> Mend:
    """Power is lost in the middle of sending, and comes back."""
    scene.house.kill_everything()
    scene.house.start()
    return _by_itself


def lose_disk(scene: Scene) -> Mend:
    """A worker dies and the profiles of its sessions with it."""
    crew = scene.crew()
    if not crew.browsers:
        raise NothingToHurt
    freeze(scene.house, crew.launcher)  # nobody is to start anything before the disk is gone
    kill(*below(crew.launcher))
    for session in crew.browsers:
        shutil.rmtree(scene.house.home / "profiles" / session, ignore_errors=True)
    kill(crew.launcher)
    return _by_itself


def _by_itself() -> None:
    """It needs no mending."""


FAULTS: tuple[Callable[[Scene], Mend], ...] = (
    kill_worker, kill_launcher, stop_worker, freeze_worker, freeze_task, cut_table, kill_browser, freeze_browser,
    hang_page, crash_page, duplicates, outage, everything,
)  # fmt: skip
DISK_FAULTS = (lose_disk, lose_disk, kill_worker, kill_browser)
