"""A campaign of 500 rows, with everything that happens to one, ends as it should for every recipient."""

import os
import random
from pathlib import Path

from tests.prove.campaign import as_text, run

RESULTS = Path(__file__).with_name("campaign.json")


def test_every_recipient_of_a_troubled_campaign_gets_what_is_due(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    report = run(tmp_path / "house", seed=seed)
    text = as_text(report)
    print(text)  # noqa: T201  # a long run shows what it counted
    RESULTS.write_text(text + "\n")
    assert report.wrong == [], text
