"""P1 and P2 for files: a kill in each stage of their way. WAYPOST_SEED and WAYPOST_ROUNDS repeat or widen a run."""

import os
import random
from pathlib import Path

from tests.prove.media_kills import as_text, run

RESULTS = Path(__file__).with_name("media_kills.json")


def test_a_kill_in_each_stage_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    counts = run(tmp_path / "house", seed=seed, rounds=int(os.environ.get("WAYPOST_ROUNDS") or 3))
    text = as_text(counts)
    print(text)  # noqa: T201  # a long run shows what it counted
    RESULTS.write_text(text + "\n")
    assert counts.wrong == [], text
