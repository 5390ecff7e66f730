"""How much a number is at risk: a score from 100 (well) to 0, with its reasons, from what people and WhatsApp did.

Nobody outside WhatsApp knows its rules. What is known is what restricted and banned people did before: many first
messages that nobody answers, unknown numbers, people who block or say stop (user-pains.md, "Bans" and "463"; Baileys
1983: 15 to 20 cold messages a day were enough). So the score looks at shares, not at volume, and at few of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

Level = Literal["good", "watch", "at_risk"]

WATCH_BELOW = 70
AT_RISK_BELOW = 40
RECOVERED_BY = 10  # points above a threshold before a level is left upwards, so that it does not flutter
DAYS = 7  # looked back


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted on one day (UTC). `silent` are messages that a day later had reached no device: what is seen
    of being blocked."""

    sent: int = 0
    failed: int = 0
    first_contacts: int = 0
    answered: int = 0  # first contacts that were answered
    unknown_numbers: int = 0
    silent: int = 0
    opted_out: int = 0
    restrictions: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """What took points. `share` is in percent of what it is measured against, or a count."""

    name: str
    points: int
    share: int


@dataclass(frozen=True, slots=True)
class Health:
    score: int
    level: Level
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Measure:
    """Takes up to `most` points as the share goes from `fine` to `bad` percent; asks for at least `least` cases."""

    name: str
    part: str
    whole: str
    fine: int
    bad: int
    most: int
    least: int


_MEASURES = (
    _Measure("unknown_numbers", "unknown_numbers", "first_contacts", fine=5, bad=30, most=40, least=5),
    _Measure("nobody_answers", "unanswered", "first_contacts", fine=60, bad=95, most=35, least=10),
    _Measure("people_say_stop", "opted_out", "sent", fine=1, bad=6, most=35, least=20),
    _Measure("never_delivered", "silent", "sent", fine=5, bad=25, most=35, least=20),
    _Measure("sends_fail", "failed", "sent", fine=5, bad=30, most=25, least=20),
)
_POINTS_A_RESTRICTION = 65


def health_of(days: Iterable[Day], before: Level = "good") -> Health:
    """The health now. `before` is the last level: it is left upwards only with some distance."""
    total = {name.name: 0 for name in fields(Day)}
    for day in days:
        for name in total:
            total[name] += getattr(day, name)
    total["unanswered"] = max(0, total["first_contacts"] - total["answered"])
    reasons = [reason for measure in _MEASURES if (reason := _judge(measure, total)) is not None]
    if total["restrictions"]:
        reasons.append(Reason("restricted", _POINTS_A_RESTRICTION, total["restrictions"]))
    score = max(0, 100 - sum(reason.points for reason in reasons))
    return Health(score, level_of(score, before), tuple(sorted(reasons, key=lambda reason: -reason.points)))


def level_of(score: int, before: Level) -> Level:
    watch, risk = WATCH_BELOW, AT_RISK_BELOW
    if before == "at_risk":
        risk += RECOVERED_BY
    if before != "good":
        watch += RECOVERED_BY
    if score < risk:
        return "at_risk"
    return "watch" if score < watch else "good"


def _judge(measure: _Measure, total: dict[str, int]) -> Reason | None:
    whole = total[measure.whole]
    if whole < measure.least:
        return None
    share = min(100, 100 * total[measure.part] // whole)
    points = measure.most * (share - measure.fine) // (measure.bad - measure.fine)
    if points <= 0:
        return None
    return Reason(measure.name, min(points, measure.most), share)
