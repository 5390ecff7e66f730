"""R-LIM over a simulated month with random faults: no window of any length is exceeded. WAYPOST_SEED repeats a run."""

import os
import random

import pytest

from tests.unit.limits_world import HOUR_MS, World, check_limits
from tests.unit.test_limits import ALONE, WILD, care

MONTH_MS = 30 * 24 * HOUR_MS
# Each alone for shorter: five a second for a month would be thirteen million.
WEEK_MS = 7 * 24 * HOUR_MS
SPANS_MS = dict.fromkeys(ALONE, WEEK_MS) | {"per_second": 6 * HOUR_MS, "media_per_hour": 2 * HOUR_MS, "all": MONTH_MS}


@pytest.mark.parametrize("name", ALONE)
def test_a_month_of_faults_exceeds_no_limit(name: str) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    world = World(care(ALONE[name]), seed, faults=WILD)
    world.run(SPANS_MS[name], load={"interactive": 0, "bulk": 2})
    text = f"{name}: seed {seed}, {len(world.sent)} handed over, {world.owners} owners, most {check_limits(world)}"
    print(text)  # noqa: T201  # a long run shows what it counted
