"""Which limits, budgets and delays a stage has, and how an environment changes them. The code path is the same in all.

Production keeps R-LIM's figures. Development relaxes them by these settings only: room for a hundred messages a second
and no delays.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from waypost.domain.first_contact import FirstContact
from waypost.domain.limits import Limits
from waypost.domain.pacing import Pacing
from waypost.errors import ValidationError

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Care:
    """`longest_wait_ms`: a message that could not be sent for so long after it was to go expires; longer than a month,
    so that a queue may wait for one. 0: never."""

    limits: Limits = field(default_factory=Limits)
    first_contact: FirstContact = field(default_factory=FirstContact)
    pacing: Pacing = field(default_factory=Pacing)
    longest_wait_ms: int = 35 * _DAY_MS


RELAXED = Care(
    limits=Limits(per_second=200, per_minute=None, per_hour=None, media_per_hour=None, cooldown_ms=0),
    first_contact=FirstContact(per_day=None, checks_per_hour=None, checks_per_day=None),
    pacing=Pacing(
        seen=False, read_least_ms=0, read_ms_per_character=0, read_most_ms=0, type_least_ms=0, type_ms_per_character=0,
        type_most_ms=0, open_from=None, open_until=None,
    ),
)  # fmt: skip
STRICT = Care()


def care_for(stage: str, overrides: str = "", time_scale: str = "1") -> Care:
    """`overrides` is WAYPOST_LIMITS, a JSON object: `{"limits": {"per_hour": 500}, "pacing": {"seen": false}}`; null
    switches off what can be. `time_scale` is WAYPOST_TIME_SCALE: all times of limits, budgets and pacing are divided by
    it, for tests. Raises ValidationError."""
    care = RELAXED if stage == "dev" else STRICT
    for part, changes in _parse(overrides).items():
        if part == "longest_wait_ms":
            care = replace(care, longest_wait_ms=_number(changes, part))
        else:
            care = replace(care, **{part: _changed(getattr(care, part), changes, part)})
    return _scaled(care, _scale(time_scale))


def _parse(overrides: str) -> Mapping[str, Any]:
    if not overrides.strip():
        return {}
    try:
        parsed = json.loads(overrides)
    except ValueError:
        raise _refusal("It is not JSON.", "") from None
    if not isinstance(parsed, dict):
        raise _refusal("It is not a JSON object.", "")
    known = {one.name for one in fields(Care)}
    for part in parsed:
        if part not in known:
            raise _refusal(f"There is no {part}.", f".{part}", f"Use {', '.join(sorted(known))}.")
    return parsed


def _changed[T: (Limits, FirstContact, Pacing)](before: T, changes: object, part: str) -> T:
    if not isinstance(changes, dict):
        raise _refusal(f"{part} is not an object.", f".{part}")
    defaults = type(before)()
    known = {one.name for one in fields(before) if one.name not in NO_SETTINGS}
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise _refusal(f"There is no {part}.{name}.", f".{part}.{name}", f"Use {', '.join(sorted(known))}.")
        checked[name] = _value(value, getattr(defaults, name), f"{part}.{name}")
    return replace(before, **checked)


NO_SETTINGS = frozenset({"second_ms", "minute_ms", "hour_ms", "day_ms"})  # what a second is, is no setting
_MAY_BE_OFF = frozenset(
    {"per_second", "per_minute", "per_hour", "media_per_hour", "per_day", "checks_per_hour", "checks_per_day"}
    | {"open_from", "open_until"}
)
_MOST = {"open_from": 23, "open_until": 24, "bulk_percent": 100, "percent_per_answer": 100}


def _value(value: object, default: object, name: str) -> Any:
    short = name.rpartition(".")[2]
    if value is None and short in _MAY_BE_OFF:
        return None
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _refusal(f"{name} is neither true nor false.", f".{name}")
        return value
    if isinstance(default, tuple):
        return _curve(value, name)
    if isinstance(default, float):
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 2:
            raise _refusal(f"{name} is not between 0 and 2.", f".{name}")
        return float(value)
    least = 0 if short.endswith(("_ms", "_character", "_from", "_until", "_answer")) else 1
    return _number(value, name, least=least, most=_MOST.get(short))


def _number(value: object, name: str, *, least: int = 0, most: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise _refusal(f"{name} is not a whole number of {bounds}.", f".{name}")
    return value


def _curve(value: object, name: str) -> tuple[tuple[int, int], ...]:
    """`[[0, 5], [7, 10]]`: from day 0 on 5, from day 7 on 10."""
    form = f"{name} is not a list of [day, value] that begins with day 0 and whose days grow."
    if not isinstance(value, list) or not value:
        raise _refusal(form, f".{name}")
    steps: list[tuple[int, int]] = []
    for step in value:
        if not isinstance(step, list) or len(step) != 2:
            raise _refusal(form, f".{name}")
        day, most = _number(step[0], name), _number(step[1], name)
        if day != 0 if not steps else day <= steps[-1][0]:
            raise _refusal(form, f".{name}")
        steps.append((day, most))
    return tuple(steps)


def _scale(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValidationError(
            "The time scale is not a whole number of at least 1.",
            field="WAYPOST_TIME_SCALE", mend="Leave it out, or give for example 20.", code="bad_setting",
        )  # fmt: skip
    return int(text)


def _scaled(care: Care, scale: int) -> Care:
    """Everything in milliseconds divided; the hours of the day, which are nobody's delay, stay."""
    if scale == 1:
        return care

    def shorter[T: (Limits, FirstContact, Pacing)](part: T) -> T:
        times = [one.name for one in fields(part) if one.name.endswith("_ms") or "_ms_" in one.name]
        return replace(part, **{name: getattr(part, name) // scale for name in times})

    return Care(shorter(care.limits), shorter(care.first_contact), shorter(care.pacing), care.longest_wait_ms // scale)


def _refusal(message: str, at: str, mend: str = "See docs/pacing.md for what can be set.") -> ValidationError:
    return ValidationError(message, field=f"WAYPOST_LIMITS{at}", mend=mend, code="bad_setting")
