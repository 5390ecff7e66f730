"""Chaos in short: three sessions, two workers, one fault of each important kind. `tests/prove/chaos.py` is the long."""

from pathlib import Path

from tests.prove import chaos_faults as faults
from tests.prove.chaos import Plan, run

KINDS = (
    faults.kill_worker, faults.freeze_worker, faults.freeze_task, faults.cut_table, faults.stop_worker,
    faults.kill_browser, faults.hang_page, faults.duplicates,
)  # fmt: skip


def test_eight_faults_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    plan = Plan(
        seed=4, sessions=3, workers=2, messages=60, faults=len(KINDS), kinds=KINDS, least_pause=0.5, most_pause=2.0,
        longest=7.0, lease_seconds=4.0,
    )  # fmt: skip
    counts = run(tmp_path / "house", plan)
    assert counts.accepted == 60
    assert counts.most_on_one_worker == 2, "three sessions are not spread over two workers"
    assert sum(counts.faults.values()) == len(KINDS)
    assert not counts.broken, counts
    assert counts.uncertain == 0, counts
