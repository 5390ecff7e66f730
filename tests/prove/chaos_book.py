"""The results of a chaos run, written after every round, so that a run that was broken off goes on."""

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.prove.chaos_counts import Counts


class Book:
    """`cases` of rounds by seed, and their sums. One of another seed is begun anew."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        known = json.loads(path.read_text()) if path.exists() else {}
        self._cases: dict[str, list[dict[str, Any]]] = known.get("cases", {}) if known.get("seed") == seed else {}
        self._seed = seed

    def has(self, case: str, seed: int) -> bool:
        return any(one["seed"] == seed for one in self._cases.get(case, []))

    def add(self, case: str, seed: int, counts: Counts, seconds: float) -> None:
        entry = {"seed": seed, "commit": _commit(), "seconds": round(seconds), **dataclasses.asdict(counts)}
        self._cases.setdefault(case, []).append(entry)
        document = {
            "seed": self._seed,
            "sums": {name: _sum(entries) for name, entries in self._cases.items()},
            "cases": self._cases,
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(document, indent=2) + "\n")
        draft.replace(self._path)

    def as_text(self, case: str) -> str:
        last = self._cases[case][-1]
        return f"{case}, seed {last['seed']}: {json.dumps(last)}\n{case}, all rounds: {json.dumps(self.sum_of(case))}"

    def sum_of(self, case: str) -> dict[str, Any]:
        return _sum(self._cases[case])


def _sum(entries: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {"rounds": len(entries), "faults": {}}
    for entry in entries:
        for kind, number in entry["faults"].items():
            total["faults"][kind] = total["faults"].get(kind, 0) + number
        for name, value in entry.items():
            if isinstance(value, int) and name not in ("seed", "most_on_one_worker"):
                total[name] = total.get(name, 0) + value
    return {**total, "all_faults": sum(total["faults"].values())}


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
