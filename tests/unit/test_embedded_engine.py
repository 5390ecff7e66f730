"""What is the embedded engine's own: building and opening, the key file, its clock, what it deletes late."""

import gc
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from waypost.engines.embedded import EmbeddedEngine, QueueSpec, TableSpec, build_engine, open_engine
from waypost.engines.embedded.clock import Clock, system_clock
from waypost.engines.embedded.database import Database
from waypost.engines.embedded.doorbell import Doorbell
from waypost.errors import NetworkError, NotFound, StorageError, Tampered, ValidationError
from waypost.ports import Key

TABLE = TableSpec("main", (("by_chat", "chat_pk", "chat_sk"),))
QUEUES = (QueueSpec("q", False, 30, 5), QueueSpec("lane", True, 30, 5, per_session=True))
BUCKETS = ("media",)


def built(
    home: Path,
    *,
    tables: tuple[TableSpec, ...] = (TABLE,),
    queues: tuple[QueueSpec, ...] = QUEUES,
    clock: Clock | None = None,
) -> EmbeddedEngine:
    return build_engine(home, tables=tables, queues=queues, buckets=BUCKETS, clock=clock)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    built(tmp_path / "home").close()
    return tmp_path / "home"


def test_what_was_built_can_be_opened_and_built_again_with_its_data(home: Path) -> None:
    with open_engine(home) as engine:
        engine.main.put({"pk": "P", "sk": "A"})
        engine.queues.queue("q").send("kept")
        engine.queues.create_session_queues("s")
        engine.blobs["media"].put("a", b"1")
        wrapped = engine.keys.generate_data_key({"a": "b"})
    with built(home) as engine:
        assert engine.main.get(Key("P", "A")) is not None
        assert engine.queues.queue("q").depth() == 1
        assert engine.queues.queue("lane-s").depth() == 0
        assert engine.blobs["media"].get("a") == b"1"
        assert engine.keys.unwrap(wrapped.wrapped, {"a": "b"}) == wrapped.plain


def test_nothing_is_opened_where_nothing_was_built(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="built"):
        open_engine(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_index_declared_later_is_filled_and_one_no_longer_declared_is_gone(home: Path) -> None:
    with open_engine(home) as engine:
        engine.main.put({"pk": "P", "sk": "A", "chat_pk": "C", "chat_sk": "1", "due_pk": "D", "due_sk": "1"})
        engine.main.put({"pk": "P", "sk": "B", "due_pk": 5, "due_sk": "1"})  # could not be in the new index
    with built(home, tables=(TableSpec("main", (("by_due", "due_pk", "due_sk"),)),)) as engine:
        assert [item["sk"] for item in engine.main.query("D", index="by_due").items] == ["A"]
        with pytest.raises(ValidationError):
            engine.main.query("C", index="by_chat")
        engine.main.delete(Key("P", "B"))


def test_new_settings_reach_queues_that_exist_and_another_kind_is_refused(home: Path) -> None:
    with open_engine(home) as engine:
        engine.queues.create_session_queues("s")
        engine.queues.queue("lane-s").send("a", group="g", deduplication_id="1")
    with built(home, queues=(QUEUES[0], QueueSpec("lane", True, 30, 1, per_session=True))) as engine:
        lane = engine.queues.queue("lane-s")
        lane.change_visibility(lane.receive()[0].receipt, 0)
        assert lane.receive() == []
        assert len(lane.dead_letters()) == 1
    with pytest.raises(ValidationError, match="another kind"):
        built(home, queues=(QueueSpec("q", True, 30, 5),))


def test_files_are_for_the_owner_alone(home: Path) -> None:
    for name in ("waypost.db", "keys/master.key"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    for name in (".", "keys", "blobs", "doorbell"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o700


def test_a_missing_key_file_is_neither_replaced_nor_ignored(home: Path) -> None:
    key = home / "keys" / "master.key"
    kept = key.read_bytes()
    key.unlink()
    for attempt in (open_engine, built):
        with pytest.raises(StorageError, match="master key is missing"):
            attempt(home)
        assert not key.exists()
    key.write_bytes(os.urandom(32))
    with pytest.raises(Tampered, match="not the one"):
        open_engine(home)
    key.write_bytes(kept)
    open_engine(home).close()


def test_another_schema_is_refused(home: Path) -> None:
    database = Database(home)
    database.connection().execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StorageError, match="schema 99"):
        open_engine(home)


def test_a_closed_engine_leaves_no_thread_pipe_or_connection(home: Path) -> None:
    before = threading.active_count()
    with open_engine(home) as engine:
        engine.queues.queue("q").receive(wait_seconds=0.05)
        assert len(list((home / "doorbell").iterdir())) == 1
        for _ in range(3):
            worker = threading.Thread(target=engine.main.get, args=(Key("P", "A"),))
            worker.start()
            worker.join()
        descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert list((home / "doorbell").iterdir()) == []
    assert threading.active_count() == before
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) < descriptors  # noqa: PTH208
    with pytest.raises(StorageError):
        run_in_thread(lambda: engine.database.connection())


def run_in_thread(call: Callable[[], object]) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except StorageError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


def test_a_wait_ends_when_its_queue_is_deleted(home: Path) -> None:
    with open_engine(home) as engine:
        engine.queues.create_session_queues("s")
        timer = threading.Timer(0.1, engine.queues.delete_session_queues, ["s"])
        timer.start()
        with pytest.raises(NotFound):
            engine.queues.queue("lane-s").receive(wait_seconds=10)
        timer.join()


def test_a_dead_processs_pipe_is_cleared_away(home: Path) -> None:
    dead = home / "doorbell" / "1-dead.bell"
    os.mkfifo(dead)
    with open_engine(home) as engine:
        engine.queues.queue("q").send("a")
    assert not dead.exists()


def test_a_bell_that_finds_a_pipe_full_loses_no_waiter(tmp_path: Path) -> None:
    """The reader that falls behind wakes everybody, so a ring that found no room is not missed."""
    here, there = Doorbell(tmp_path), Doorbell(tmp_path)
    try:
        with there.listen(7) as bell:
            for _ in range(20_000):
                here.ring(8)
            here.ring(7)
            assert bell.wait(5)
    finally:
        here.close()
        there.close()


def test_items_long_past_their_ttl_are_deleted_with_their_index_entries(tmp_path: Path) -> None:
    now = [1_800_000_000_000]
    with built(tmp_path / "home", clock=Clock(lambda: now[0], lambda: now[0])) as engine:
        engine.main.put({"pk": "P", "sk": "A", "ttl": now[0] // 1000 + 10, "chat_pk": "C", "chat_sk": "1"})
        engine.main.put({"pk": "P", "sk": "B", "chat_pk": "C", "chat_sk": "2"})
        now[0] += 600_000
        engine.main.put({"pk": "Q", "sk": "A"})
        assert engine.main.get(Key("P", "A")) is not None
        now[0] += 2 * 3600_000
        engine.main.put({"pk": "Q", "sk": "A"})
        assert engine.main.get(Key("P", "A")) is None
        assert [item["sk"] for item in engine.main.query("C", index="by_chat").items] == ["B"]


def test_timers_do_not_follow_a_wall_clock_that_jumps(tmp_path: Path) -> None:
    wall, steady = [1_800_000_000_000], [1_800_000_000_000]
    with built(tmp_path / "home", clock=Clock(lambda: wall[0], lambda: steady[0])) as engine:
        queue = engine.queues.queue("q")
        queue.send("a")
        queue.receive()
        for jump in (86_400_000, -200_000_000):
            wall[0] += jump
            assert queue.receive() == []
        steady[0] += 30_000
        (message,) = queue.receive()
        assert message.sent_ms == 1_800_000_000_000


def test_the_steady_clock_is_one_for_all_and_near_the_wall_clock(home: Path) -> None:
    first, second = Database(home), Database(home)
    clocks = system_clock(first), system_clock(second)
    assert abs(clocks[0].steady_ms() - clocks[1].steady_ms()) <= 5
    assert abs(clocks[0].steady_ms() - time.time_ns() // 1_000_000) < 2000
    first.close()
    second.close()


def test_after_a_reboot_the_steady_clock_does_not_go_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_engine(home) as engine:
        engine.queues.create_session_queues("s")
        engine.queues.queue("lane-s").send("a", group="g", deduplication_id="1")
    database = Database(home)
    before = system_clock(database).steady_ms()
    with database.write() as connection:
        connection.execute("UPDATE boots SET boot_id = 'an earlier boot'")
    monkeypatch.setattr("waypost.engines.embedded.clock.wall_ms", lambda: 0)
    assert system_clock(database).steady_ms() >= before - 1000
    database.close()


def test_without_a_gateway_a_push_says_so(home: Path) -> None:
    with open_engine(home) as engine:
        with pytest.raises(NetworkError):
            engine.push.post("c", b"1")
        (home / "gateway.json").write_text('{"push_url": "http://127.0.0.1:9", "push_token": "t"}')
        with pytest.raises(NetworkError):
            engine.push.post("c", b"1")
