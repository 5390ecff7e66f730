"""R-MED through everything: the corpus by all three ways, and back. WAYPOST_SEED repeats a run."""

import os
import random
from pathlib import Path

from tests.prove.media_ways import as_text, run

RESULTS = Path(__file__).with_name("media.json")


def test_the_whole_corpus_by_all_three_ways_and_back(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    counts = run(tmp_path / "house", tmp_path, seed=seed)
    text = as_text(counts)
    print(text)  # noqa: T201  # a long run shows what it counted
    RESULTS.write_text(text + "\n")
    assert counts.wrong == [], text
