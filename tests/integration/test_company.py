"""Workers on one table that know of each other's room; one that is short of memory gives a session away."""

from pathlib import Path

from containers.worker.company import Company
from infra.local.builder import build
from waypost.bootstrap import App, join
from waypost.settings import Settings


class Worker:
    """A worker in name, with as many sessions and as much memory in use as a test says."""

    def __init__(self, app: App, name: str, used: int, memory: float) -> None:
        self.used, self.memory, self.given = used, memory, 0
        self.company = Company(
            app, name, 5, used=lambda: self.used, give_away=self._give_away, memory=lambda: self.memory
        )

    async def _give_away(self) -> bool:
        self.given += 1
        self.used -= 1
        return True


async def test_who_is_short_of_memory_gives_one_session_away_and_then_rests(tmp_path: Path) -> None:
    with build(tmp_path / "home") as engine:
        app = join(Settings(home=tmp_path / "home"), engine)
        crowded, roomy = Worker(app, "wrk_a", 4, 0.95), Worker(app, "wrk_b", 0, 0.2)
        await crowded.company.look()
        assert crowded.company.seconds_before_claiming() == 0, "nobody is known to be better"
        await roomy.company.look()
        for _ in range(10):
            await crowded.company.look()
        assert crowded.given == 1, "one session at a time, and not at the first peak"
        assert roomy.company.has_room
        assert not crowded.company.has_room, "it would take its own session back"
        assert roomy.given == 0


async def test_nobody_gives_a_session_away_that_nobody_can_take(tmp_path: Path) -> None:
    with build(tmp_path / "home") as engine:
        app = join(Settings(home=tmp_path / "home"), engine)
        crowded, full = Worker(app, "wrk_a", 4, 0.95), Worker(app, "wrk_b", 5, 0.2)
        await full.company.look()
        for _ in range(10):
            await crowded.company.look()
        assert crowded.given == 0
