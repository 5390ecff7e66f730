"""The vault through many kills and harms. WAYPOST_SEED and WAYPOST_RESTORES repeat, widen or narrow a run."""

import os
import random
from pathlib import Path

from tests.prove.profiles import as_text, run

RESULTS = Path(__file__).with_name("profiles.json")


async def test_every_backup_restores_and_every_harmed_one_is_refused(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    restores = int(os.environ.get("WAYPOST_RESTORES") or 200)
    counts = await run(tmp_path, seed=seed, restores=restores, harms=restores // 2)
    text = as_text(counts, seed)
    print(text)  # noqa: T201  # a long run shows what it counted
    RESULTS.write_text(text + "\n")
    assert counts.broken == 0, text
