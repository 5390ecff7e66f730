"""The end of a link is warned of once a day, whoever looks and however often the worker changes (R-AUTH-2)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from containers.worker.announcer import Announcer
from containers.worker.recorder import Recorder
from containers.worker.relinking import LinkWatch
from containers.worker.signals import RelinkDue
from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.relinking import Due, Relinking
from waypost.entities.head import claim, list_running, release
from waypost.entities.session import get_session, session_key, set_desired, status_write
from waypost.ports import Update
from waypost.services.journal import read
from waypost.services.relinking import look_after_links
from waypost.services.tenants import create_tenant

DAY = 24 * 3600 * 1000


class Day:
    """The clock of the app, moved by days."""

    def __init__(self, app: App) -> None:
        self.linked_ms = app.now_ms()
        self.now_ms = self.linked_ms
        self.app = app

    def pass_to(self, days: float) -> None:
        self.now_ms = self.linked_ms + round(days * DAY)


@asynccontextmanager
async def linked(home: Path) -> AsyncIterator[tuple[App, Day]]:
    with sending_app(home) as app:
        day = Day(app)
        clock = _Clocked(app, day)
        app.table.update(
            status_write(SESSION, status="working", reason=None, since_ms=1, me=b"sealed", linked_ms=day.linked_ms)
        )
        yield clock, day  # type: ignore[misc]  # an App whose clock the test moves


class _Clocked:
    def __init__(self, app: App, day: Day) -> None:
        self._app, self._day = app, day

    def now_ms(self) -> int:
        return self._day.now_ms

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)


@asynccontextmanager
async def worker(app: App) -> AsyncIterator[tuple[LinkWatch, list[RelinkDue]]]:
    head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
    recorder = Recorder(app, head)
    running = asyncio.create_task(recorder.run())
    session = get_session(app.table, SESSION)
    assert session is not None
    told: list[RelinkDue] = []
    announcer = Announcer(app, session, recorder)
    try:
        yield LinkWatch(app, session, announcer=announcer, recorder=recorder, tell=told.append), told
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        release(app.table, SESSION, head.epoch)


def warnings(app: App) -> list[Any]:
    events = read(app.table, app.seals, SESSION, generation=1, after=0, limit=100)
    return [event.data["warning"] for event in events if event.data.get("warning")]


def sweep(app: App) -> int:
    return look_after_links(
        table=app.table, queues=app.engine.queues, seals=app.seals, policy=Relinking(), now_ms=app.now_ms()
    )


async def test_one_warning_a_day_across_looks_restarts_and_the_sweeper(tmp_path: Path) -> None:
    async with linked(tmp_path) as (app, day):
        create_tenant(app.table, "test", TENANT)
        for days in (10, 11, 11.4, 12.1, 12.2):
            day.pass_to(days)
            for _ in range(2):  # a restart in between
                async with worker(app) as (watch, told):
                    await watch.look()
                    await watch.look()
                    assert sweep(app) == 0, "its owner has warned, or will"
            assert told == []
        assert [warning["kind"] for warning in warnings(app)] == ["relink_due"] * 2
        day.pass_to(13.2)
        assert [sweep(app), sweep(app)] == [1, 0]
        async with worker(app) as (watch, _):
            assert await watch.look() is Due.NOTHING
        assert len(warnings(app)) == 3


async def test_two_who_look_at_the_same_moment_give_one_warning(tmp_path: Path) -> None:
    async with linked(tmp_path) as (app, day):
        create_tenant(app.table, "test", TENANT)
        day.pass_to(12)
        async with worker(app) as (watch, _):
            app.table.update(Update(session_key(SESSION), set={"relink_warned_ms": day.now_ms}))  # the other was faster
            await watch.look()
        assert warnings(app) == []


async def test_when_it_is_due_the_owner_is_told_and_a_sleeper_is_woken_but_nobody_who_was_stopped(
    tmp_path: Path,
) -> None:
    async with linked(tmp_path) as (app, day):
        create_tenant(app.table, "test", TENANT)
        day.pass_to(14)
        async with worker(app) as (watch, told):
            assert await watch.look() is Due.RELINK
            assert len(told) == 1
        app.table.update(status_write(SESSION, status="stopped", reason=None, since_ms=1))
        set_desired(app.table, SESSION, "stopped")
        assert sweep(app) == 0
        app.table.update(status_write(SESSION, status="asleep", reason=None, since_ms=1))
        assert sweep(app) == 1
        session = get_session(app.table, SESSION)
        assert session is not None
        assert session.desired == "running"
        assert [head.session for head in list_running(app.table)] == [SESSION]
        assert replace(session, desired="stopped").relink_warned_ms == 0
