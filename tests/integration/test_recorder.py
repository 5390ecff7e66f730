"""The recorder: an entry is appended once, also when nobody can be told of it."""

import asyncio
from pathlib import Path

import pytest

from containers.worker import recorder as recording
from containers.worker.recorder import Recorder
from tests.integration.sending_house import SESSION, log_of, sending_app
from waypost.bootstrap import App
from waypost.domain.event import Draft
from waypost.entities.head import claim
from waypost.errors import Throttled
from waypost.services.journal import Entry


async def _record(app: App, count: int) -> None:
    head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
    recorder = Recorder(app, head)
    running = asyncio.create_task(recorder.run())
    entries = [Entry((Draft("session_status", app.now_ms(), {"place": place}),)) for place in range(count)]
    assert await recorder.record_all(entries) == [True] * count
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_nudge_that_is_refused_does_not_append_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Throttled("asked for patience")

    monkeypatch.setattr(recording, "nudge_consumers", refuse)
    with sending_app(tmp_path) as app:
        asyncio.run(_record(app, 3))
        assert [number for number, _, _ in log_of(app)] == [1, 2, 3]


def test_a_burst_is_numbered_in_its_order_over_several_transactions(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        asyncio.run(_record(app, 250))
        assert [number for number, _, _ in log_of(app)] == list(range(1, 251))
