"""Bad weather makes indexes late, never wrong for ever: not even for what a killed process had on its way."""

import dataclasses
import time
from pathlib import Path

from infra.blueprint import TABLES
from waypost.engines.embedded import TableSpec
from waypost.engines.harsh.engine import build_harsh_engine, open_harsh_engine
from waypost.engines.harsh.weather import CALM, Chance


def test_what_a_killed_process_had_on_its_way_reaches_the_index_through_the_next(tmp_path: Path) -> None:
    never = dataclasses.replace(CALM, stale_ms=10**9)
    killed = build_harsh_engine(
        tmp_path,
        tables=[TableSpec(table.name, table.indexes, table.ttl) for table in TABLES],
        queues=(),
        buckets=(),
        chance=Chance(1, never),
    )
    killed.tables["main"].put({"pk": "a", "sk": "-", "owner_pk": "x", "owner_sk": "1"})
    assert killed.tables["main"].query("x", index="by_owner").items == []
    with open_harsh_engine(tmp_path, chance=Chance(2, CALM)) as following:
        ends = time.monotonic() + 10
        while not following.tables["main"].query("x", index="by_owner").items:
            assert time.monotonic() < ends, "the index never learns of it"
