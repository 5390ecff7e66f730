"""One figure of a measurement: what it is, what was aimed at, and its ratio to something real of the same run."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is this figure divided by the one that `against` describes, measured in the same run.

    An aim is for the value, or for the ratio where `aim_of` says so; None where nothing is aimed at.
    """

    measure: str
    value: float
    unit: str
    aim: float | None = None
    at: Literal["most", "least"] = "most"
    aim_of: Literal["value", "ratio"] = "value"
    ratio: float | None = None
    against: str = ""

    @property
    def met(self) -> bool | None:
        judged = self.ratio if self.aim_of == "ratio" else self.value
        if self.aim is None or judged is None:
            return None
        return judged <= self.aim if self.at == "most" else judged >= self.aim


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-len(ordered) * round(share * 1000) // 1000) - 1))]


def spread(
    measure: str,
    milliseconds: Sequence[float],
    *,
    p50: float | None = None,
    p99: float | None = None,
    floor: float | None = None,
    against: str = "",
) -> list[Figure]:
    """p50, p95 and p99 of a latency with the aims of two of them; `floor` is what the p50 is compared with."""
    middle = percentile(milliseconds, 0.5)
    return [
        Figure(f"{measure}, p50", middle, "ms", p50, ratio=None if floor is None else middle / floor, against=against),
        Figure(f"{measure}, p95", percentile(milliseconds, 0.95), "ms"),
        Figure(f"{measure}, p99", percentile(milliseconds, 0.99), "ms", p99),
    ]


def tell(figures: Sequence[Figure]) -> None:
    """What a measurement that runs by itself says to the runner: one line of JSON."""
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]) + "\n")
    sys.stdout.flush()
