"""Writes what was measured: `results.json` for programs, `results.md` for the README."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import Figure

FOLDER = Path(__file__).parent


def write(machine: Mapping[str, str], figures: Sequence[Figure], missing: Mapping[str, str]) -> None:
    """`missing` says why a measurement has no figures."""
    document = {
        "machine": dict(machine),
        "figures": [{**asdict(figure), "met": figure.met} for figure in figures],
        "missing": dict(missing),
    }
    (FOLDER / "results.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    (FOLDER / "results.md").write_text(_text(machine, figures, missing))


def _text(machine: Mapping[str, str], figures: Sequence[Figure], missing: Mapping[str, str]) -> str:
    lines = ["| measure | aim | figure | ratio | met? |", "|---|---|---|---|---|"]
    lines += [_row(figure) for figure in figures]
    lines += [f"| {name} | | not measured: {why} | | |" for name, why in missing.items()]
    lines += ["", "; ".join(f"{name}: {value}" for name, value in machine.items()) + ".", ""]
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    value = f"{_number(figure.value)} {figure.unit}"
    return f"| {figure.measure} | {_aim(figure)} | {value} | {_ratio(figure)} | {_met(figure)} |"


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    sign = "≤" if figure.at == "most" else "≥"
    return f"{sign} {figure.aim:g}{' x' if figure.aim_of == 'ratio' else ' ' + figure.unit}"


def _ratio(figure: Figure) -> str:
    return "" if figure.ratio is None else f"{figure.ratio:.2f} x {figure.against}"


def _met(figure: Figure) -> str:
    return {True: "yes", False: "no", None: ""}[figure.met]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
