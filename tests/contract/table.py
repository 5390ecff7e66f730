"""What holds on which engine: `python -m tests.contract.table` runs the suite and prints a table for the README.

A line for each port; below, every rule that a stand-in for AWS gets wrong, and what could not be tried.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.contract.conftest import SUBJECTS

PORTS = {
    "test_table": "Table: items, conditions, transactions",
    "test_query": "Table: queries and indexes",
    "test_queue": "Queue: both kinds",
    "test_queue_fifo": "Queue: FIFO",
    "test_blobs": "Blobs",
    "test_keys": "Keys",
    "test_push": "Push",
}
KEPT, BROKEN, STAND_IN, UNTRIED = "kept", "broken", "stand-in is wrong", "not tried"


class Results:
    """Counts cases by port and engine, and keeps the reasons of what was not plainly kept."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.reasons: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or (report.when == "setup" and not report.passed):
            path, _, name = report.nodeid.partition("::")
            rule, _, case = name.partition("[")
            engine = next((engine for engine in SUBJECTS if engine in case.rstrip("]").split("-")), None)
            port = PORTS.get(Path(path).stem)
            if engine is None or port is None:
                return
            verdict, reason = _verdict(report)
            self.counts[port, engine][verdict] += 1
            if verdict != KEPT:
                self.reasons[rule.removeprefix("test_").replace("_", " "), engine].add(f"{verdict}: {reason}")


def _verdict(report: pytest.TestReport) -> tuple[str, str]:
    if hasattr(report, "wasxfail"):
        return (STAND_IN, report.wasxfail) if report.skipped else (BROKEN, "it was expected to be wrong")
    if report.skipped:
        return UNTRIED, report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
    return (KEPT, "") if report.passed else (BROKEN, "")


def table(results: Results) -> str:
    lines = [f"| cases kept | {' | '.join(SUBJECTS)} |", "|---|" + "---|" * len(SUBJECTS)]
    for port in PORTS.values():
        cells = [_cell(results.counts[port, engine]) for engine in SUBJECTS]
        lines.append(f"| {port} | {' | '.join(cells)} |")
    lines.append("")
    for (rule, engine), reasons in sorted(results.reasons.items()):
        lines.append(f"- {rule} ({engine}): {'; '.join(sorted(reasons))}")
    return "\n".join(lines)


def _cell(count: Counter[str]) -> str:
    return f"{count[KEPT]} of {count.total()}"


def main() -> int:
    results = Results()
    code = pytest.main(["-q", "--no-header", str(Path(__file__).parent), *sys.argv[1:]], plugins=[results])
    print(table(results))  # noqa: T201  # it is what this is for
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main())
