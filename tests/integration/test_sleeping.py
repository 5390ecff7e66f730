"""Sleeping sessions are found when their time comes, and not before; nothing that is left for them is missed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.message import Message
from waypost.domain.upkeep import Upkeep
from waypost.entities.head import list_asleep, list_running
from waypost.entities.message import accept_writes
from waypost.entities.session import Session, get_session, session_key, set_desired
from waypost.ports import Update
from waypost.services.sleeping import fall_asleep, next_wake_ms, next_work_ms, wake_due, wake_for

DAY_MS = 24 * 3600 * 1000
NOW_MS = 1_800_000_000_000


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with sending_app(tmp_path) as app:
        yield app


def asleep(app: App, *, wake_ms: int) -> Session:
    """A session that has just fallen asleep."""
    table = app.table
    table.update(Update(session_key(SESSION), set={"status": "asleep", "desired": "running", "wake_ms": wake_ms}))
    fall_asleep(SESSION, wake_ms, table=table, now_ms=NOW_MS)
    session = get_session(table, SESSION)
    assert session is not None
    return session


def accept(app: App, *, due_ms: int) -> None:
    message = Message(
        id=f"msg_{due_ms}", tenant=TENANT, session=SESSION, contact="con_1", direction="out", status="accepted",
        created_ms=NOW_MS, content=b"", number=1,
    )  # fmt: skip
    app.table.transact(accept_writes(message, due_ms=due_ms))


def woken(app: App, now_ms: int) -> int:
    return wake_due(table=app.table, queues=app.engine.queues, now_ms=now_ms)


def test_a_session_sleeps_until_its_time_and_is_then_announced(app: App) -> None:
    asleep(app, wake_ms=NOW_MS + 3 * DAY_MS)
    for later in (0, 61_000, DAY_MS, 3 * DAY_MS - 1):
        assert woken(app, NOW_MS + later) == 0
    assert list_running(app.table) == []
    assert woken(app, NOW_MS + 3 * DAY_MS) == 1
    assert [head.session for head in list_running(app.table)] == [SESSION]
    assert app.engine.queues.queue("claims").depth() == 1
    assert woken(app, NOW_MS + 4 * DAY_MS) == 0, "it is awake"


def test_between_its_times_nobody_looks_at_it(app: App) -> None:
    asleep(app, wake_ms=NOW_MS + 3 * DAY_MS)
    assert list_asleep(app.table, until_ms=NOW_MS + 59_000) == []
    assert list_asleep(app.table, until_ms=NOW_MS + 61_000) == [SESSION], "the second look"
    woken(app, NOW_MS + 61_000)
    assert list_asleep(app.table, until_ms=NOW_MS + 3 * DAY_MS - 1) == []


def test_what_was_left_by_a_request_that_still_saw_it_awake_is_found_by_the_second_look(app: App) -> None:
    asleep(app, wake_ms=NOW_MS + 3 * DAY_MS)
    accept(app, due_ms=NOW_MS)  # and nobody woke it
    assert woken(app, NOW_MS + 61_000) == 1


def test_a_message_for_later_wakes_it_then(app: App) -> None:
    session = asleep(app, wake_ms=NOW_MS + 3 * DAY_MS)
    woken(app, NOW_MS + 61_000)  # the second look is over
    accept(app, due_ms=NOW_MS + DAY_MS)
    wake_for(session, NOW_MS + DAY_MS, table=app.table, queues=app.engine.queues, now_ms=NOW_MS + 62_000)
    assert woken(app, NOW_MS + DAY_MS - 1) == 0
    assert woken(app, NOW_MS + DAY_MS) == 1


def test_a_message_for_now_wakes_it_at_once(app: App) -> None:
    session = asleep(app, wake_ms=NOW_MS + 3 * DAY_MS)
    wake_for(session, 0, table=app.table, queues=app.engine.queues, now_ms=NOW_MS)
    assert [head.session for head in list_running(app.table)] == [SESSION]
    assert app.engine.queues.queue("claims").depth() == 1


def test_a_stopped_session_is_not_woken(app: App) -> None:
    asleep(app, wake_ms=NOW_MS + DAY_MS)
    set_desired(app.table, SESSION, "stopped")
    assert woken(app, NOW_MS + 2 * DAY_MS) == 0
    assert list_asleep(app.table, until_ms=NOW_MS + 9 * DAY_MS) == []


def test_sessions_that_fell_asleep_together_wake_apart_and_well_inside_the_phone_s_rule() -> None:
    wakes = {next_wake_ms(NOW_MS, Upkeep(), work_ms=None) for _ in range(200)}
    assert len(wakes) > 100
    assert max(wakes) <= NOW_MS + 3 * DAY_MS < NOW_MS + 14 * DAY_MS
    assert next_wake_ms(NOW_MS, Upkeep(), work_ms=NOW_MS + 5) == NOW_MS + 5


def test_what_waits_in_the_schedule_is_known_before_it_sleeps(app: App) -> None:
    assert next_work_ms(SESSION, table=app.table) is None
    accept(app, due_ms=NOW_MS + DAY_MS)
    assert next_work_ms(SESSION, table=app.table) == NOW_MS + DAY_MS
