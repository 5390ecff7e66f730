"""When a link is to be renewed, and when to warn of it (R-AUTH-2)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.domain.relinking import Due, Relinking, what_is_due
from waypost.errors import ValidationError
from waypost.settings import settings_from

DAY = 24 * 3600 * 1000
LINKED = 1_800_000_000_000


def due(days: float, warned_ms: int = 0, policy: Relinking | None = None, linked_ms: int = LINKED) -> Due:
    now_ms = LINKED + round(days * DAY)
    return what_is_due(policy or Relinking(), linked_ms=linked_ms, warned_ms=warned_ms, now_ms=now_ms)


def policy_of(environment: dict[str, str]) -> Relinking:
    settings = settings_from(environment)
    return Relinking(settings.relink_days, settings.relink_warn_days)


def test_it_is_warned_of_from_three_days_before_and_due_after_fourteen() -> None:
    assert [due(days) for days in (0, 10.99, 11, 13.99, 14, 40)] == [
        Due.NOTHING, Due.NOTHING, Due.WARNING, Due.WARNING, Due.RELINK, Due.RELINK,
    ]  # fmt: skip


@given(st.lists(st.floats(0, 13.999), min_size=1, max_size=200).map(sorted))
def test_however_often_somebody_looks_there_is_one_warning_a_day(looks: list[float]) -> None:
    warned_ms, given = 0, []
    for days in looks:
        if due(days, warned_ms) is Due.WARNING:
            warned_ms = LINKED + round(days * DAY)
            given.append(warned_ms)
    assert all(later - earlier >= DAY for earlier, later in pairwise(given))
    assert len(given) <= 3
    assert bool(given) == (looks[-1] >= 11)


def test_a_warning_of_the_link_before_is_none_of_this_one() -> None:
    assert due(11, warned_ms=LINKED + round(10.9 * DAY)) is Due.WARNING


def test_the_figures_are_settings_and_zero_days_is_for_ever() -> None:
    policy = policy_of({"WAYPOST_RELINK_DAYS": "2", "WAYPOST_RELINK_WARN_DAYS": "0.5"})
    assert [due(days, policy=policy) for days in (1.4, 1.5, 2)] == [Due.NOTHING, Due.WARNING, Due.RELINK]
    assert due(400, policy=policy_of({"WAYPOST_RELINK_DAYS": "0"})) is Due.NOTHING
    assert due(400, linked_ms=0) is Due.NOTHING
    with pytest.raises(ValidationError, match="no number that fits"):
        settings_from({"WAYPOST_RELINK_DAYS": "soon"})
