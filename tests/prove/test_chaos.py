"""The long chaos: at least 5000 messages and 200 faults while the disk survives, and the cases where it is lost.

It takes an hour or two and goes on where it was broken off: what was done lies in `chaos.json`.
"""

import subprocess
import sys

from tests.prove.chaos import RESULTS
from tests.prove.chaos_book import Book
from tests.prove.chaos_counts import BROKEN

SEED = 2026


def test_long_chaos_breaks_no_promise() -> None:
    subprocess.run([sys.executable, "-m", "tests.prove.chaos", "--seed", str(SEED)], check=True)
    book = Book(RESULTS, SEED)
    kept = book.sum_of("disk survives")
    assert kept["accepted"] >= 5000
    assert kept["all_faults"] >= 200
    assert {name: kept[name] for name in BROKEN if kept[name]} == {}
    assert kept["uncertain"] == 0
    lost = book.sum_of("disk lost, network drops copies")
    assert lost["twice"] == 0
