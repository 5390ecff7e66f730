"""The embedded engine under threads and processes: no lost update, order kept, nothing acknowledged is lost."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from waypost.engines.embedded import EmbeddedEngine, QueueSpec, TableSpec, build_engine, open_engine
from waypost.errors import ConditionFailed, TransactionConflict
from waypost.ports import Clause, Key, Put, Update, When

ACCOUNTS = 5
START = 100


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with build_engine(
        tmp_path / "home",
        tables=[TableSpec("main", (("by_chat", "chat_pk", "chat_sk"),))],
        queues=[QueueSpec("q", True, 30, 5)],
        buckets=[],
    ):
        return tmp_path / "home"


@pytest.fixture
def engine(home: Path) -> Iterator[EmbeddedEngine]:
    with open_engine(home) as engine:
        yield engine


def run_program(home: Path, program: str) -> subprocess.Popen[str]:
    lines = f"from pathlib import Path\nhome = Path({str(home)!r})\n{program}"
    return subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, text=True)


def balance(engine: EmbeddedEngine, account: int) -> int:
    item = engine.main.get(Key("ACCOUNT", str(account)))
    assert item is not None
    assert isinstance(item["n"], int)
    return item["n"]


def test_transfers_between_accounts_keep_the_sum(engine: EmbeddedEngine) -> None:
    """Optimistic transactions in threads: read both balances, write both on the condition that they still hold."""
    for account in range(ACCOUNTS):
        engine.main.put({"pk": "ACCOUNT", "sk": str(account), "n": START})
    done: list[int] = []

    def transfer(seed: int) -> None:
        choice = random.Random(seed)
        for _ in range(40):
            giver, taker = choice.sample(range(ACCOUNTS), 2)
            had, has = balance(engine, giver), balance(engine, taker)
            amount = choice.randint(1, 20)
            if had < amount:
                continue
            time.sleep(0)
            try:
                engine.main.transact([move(giver, had, -amount), move(taker, has, amount)])
            except (ConditionFailed, TransactionConflict):
                continue
            done.append(amount)

    run_in_threads([threading.Thread(target=transfer, args=(seed,)) for seed in range(6)])
    balances = [balance(engine, account) for account in range(ACCOUNTS)]
    assert sum(balances) == ACCOUNTS * START
    assert min(balances) >= 0
    assert done


def move(account: int, had: int, amount: int) -> Put:
    return Put(
        {"pk": "ACCOUNT", "sk": str(account), "n": had + amount},
        When.all(Clause("the balance is as read", "n", "eq", had)),
    )


def test_a_log_numbered_by_its_head_has_no_gap_and_no_double(engine: EmbeddedEngine) -> None:
    def append(writer: int) -> None:
        appended = 0
        while appended < 20:
            head = engine.main.get(Key("LOG", "HEAD"))
            last = head["n"] if head else 0
            assert isinstance(last, int)
            at_head = Clause("the head is as read", "n", "eq", last) if head else Clause("no head", "pk", "absent")
            entry = Put(
                {"pk": "LOG", "sk": f"E{last + 1:06}", "by": writer},
                When.all(Clause("the number is free", "pk", "absent")),
            )
            try:
                engine.main.transact([Update(Key("LOG", "HEAD"), set={"n": last + 1}, when=When.all(at_head)), entry])
            except ConditionFailed:
                continue
            appended += 1

    run_in_threads([threading.Thread(target=append, args=(writer,)) for writer in range(5)])
    entries = engine.main.query("LOG", begins_with="E", limit=1000).items
    assert [entry["sk"] for entry in entries] == [f"E{n:06}" for n in range(1, 101)]


def run_in_threads(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


WRITER = """
import threading
from waypost.engines.embedded import open_engine
from waypost.ports import Key, Update
engine = open_engine(home)
def count(sk):
    for n in range(60):
        engine.main.update(Update(Key("COUNT", sk), add={"n": 1}))
        engine.main.update(Update(Key("COUNT", "all"), add={"n": 1}))
threads = [threading.Thread(target=count, args=(str(n),)) for n in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
engine.close()
print("done")
"""


def test_three_processes_with_three_threads_each_write_without_an_error(home: Path, engine: EmbeddedEngine) -> None:
    writers = [run_program(home, WRITER) for _ in range(3)]
    assert [writer.communicate(timeout=30)[0].strip() for writer in writers] == ["done"] * 3
    item = engine.main.get(Key("COUNT", "all"))
    assert item is not None
    assert item["n"] == 3 * 3 * 60


SENDER = """
import time
from waypost.engines.embedded import open_engine
engine = open_engine(home)
queue = engine.queues.queue("q")
for n in range(60):
    queue.send(f"{n} {time.monotonic_ns()}", group=f"g{n % 3}", deduplication_id=str(n))
    time.sleep(0.01)
engine.close()
"""


def test_a_receiver_in_another_process_gets_all_in_order_and_wakes_at_once(
    home: Path, engine: EmbeddedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = engine.queues.queue("q")
    sender = run_program(home, SENDER)
    seen: list[int] = []
    latencies: list[float] = []
    while len(seen) < 60 and (batch := queue.receive(wait_seconds=10)):
        for message in batch:
            number, sent = message.body.split()
            latencies.append((time.monotonic_ns() - int(sent)) / 1e6)
            seen.append(int(number))
            queue.delete(message.receipt)
    assert sender.wait(timeout=10) == 0
    sender.communicate()
    for group in range(3):
        assert [number for number in seen if number % 3 == group] == list(range(group, 60, 3))
    latencies.sort()
    with capsys.disabled():
        sys.stdout.write(
            f"\nsend to receive across processes: p50 {latencies[30]:.2f} ms, worst {latencies[-1]:.2f} ms\n"
        )


VICTIM = """
import itertools
from waypost.engines.embedded import open_engine
from waypost.ports import Clause, Key, Put, Update, When
engine = open_engine(home)
head = engine.main.get(Key("LOG", "HEAD"))
queue = engine.queues.queue("q")
for n in itertools.count(head["n"] + 1 if head else 1):
    engine.main.transact([
        Put({"pk": "LOG", "sk": f"E{n:06}", "chat_pk": "C", "chat_sk": f"{n:06}"},
            When.all(Clause("the number is free", "pk", "absent"))),
        Update(Key("LOG", "HEAD"), set={"n": n}),
        Put({"pk": "LOG", "sk": f"F{n:06}", "pad": b"x" * 3000}),
    ])
    queue.send(str(n), group="g", deduplication_id=str(n))
    print(n, flush=True)
"""


def test_a_killed_writer_leaves_whole_transactions_and_all_it_acknowledged(home: Path) -> None:
    acknowledged: set[int] = set()
    for round_ in range(4):
        victim = run_program(home, VICTIM)
        assert victim.stdout is not None
        acknowledged.add(int(victim.stdout.readline()))
        time.sleep(0.05 + 0.04 * round_)
        victim.send_signal(signal.SIGKILL)
        rest, _ = victim.communicate()
        complete = rest[: rest.rfind("\n") + 1].split()  # the last line may be cut
        acknowledged |= set(map(int, complete))
        with open_engine(home) as engine:
            head = engine.main.get(Key("LOG", "HEAD"))
            assert head is not None
            last = head["n"]
            assert isinstance(last, int)
            assert max(acknowledged) <= last
            numbers = [f"{n:06}" for n in range(1, last + 1)]
            assert all_keys(engine, "E") == [f"E{n}" for n in numbers]
            assert all_keys(engine, "F") == [f"F{n}" for n in numbers]
            assert len(engine.main.query("C", index="by_chat", limit=100_000).items) == last
            assert engine.queues.queue("q").depth() >= len(acknowledged)
            assert engine.database.connection().execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert len(acknowledged) > 10


def all_keys(engine: EmbeddedEngine, prefix: str) -> list[object]:
    found: list[object] = []
    cursor = None
    while True:
        page = engine.main.query("LOG", begins_with=prefix, limit=1000, cursor=cursor)
        found += [item["sk"] for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found
