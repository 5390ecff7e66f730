"""P1, P2, P3 and P5 through many kills. WAYPOST_SEED and WAYPOST_ROUNDS repeat or widen a run."""

import os
import random
from pathlib import Path

from tests.prove.kills import as_text, run

RESULTS = Path(__file__).with_name("kills.json")


def test_many_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    counts = run(tmp_path / "house", seed=seed, rounds=int(os.environ.get("WAYPOST_ROUNDS") or 40), per_round=20)
    text = as_text(counts, seed)
    print(text)  # noqa: T201  # a long run shows what it counted
    RESULTS.write_text(text + "\n")
    assert counts.broken == 0, text
