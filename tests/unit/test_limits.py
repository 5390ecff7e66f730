"""The limits hold over any window, whatever happens to owners and clocks, and let through what they allow (R-LIM)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.limits_world import HOUR_MS, Faults, World, check_limits
from waypost.domain.care import STRICT, Care
from waypost.domain.limits import CLEAR, History, Limits, NotBefore, limits_at_age, may_send_now
from waypost.domain.pacing import Pacing

OPEN = Pacing(open_from=None, open_until=None)
NONE = Limits(None, None, None, None, 0, bulk_percent=100)
ALONE = {
    "per_second": replace(NONE, per_second=5),
    "per_minute": replace(NONE, per_minute=20),
    "per_hour": replace(NONE, per_hour=1000),
    "media_per_hour": replace(NONE, media_per_hour=100),
    "cooldown": replace(NONE, cooldown_ms=5000),
    "all": Limits(),
    "all but the cooldown": Limits(cooldown_ms=0),
}
SPANS_MS = {"per_second": HOUR_MS // 60, "media_per_hour": HOUR_MS // 60, "per_minute": HOUR_MS // 6}
WILD = Faults(crash=0.02, refused=0.1, slow=0.05, jump=0.05)


def care(limits: Limits) -> Care:
    return Care(limits=limits, pacing=OPEN)


@pytest.mark.parametrize("name", ALONE)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_window_of_any_length_is_exceeded_whatever_happens(name: str, seed: int) -> None:
    world = World(care(ALONE[name]), seed, faults=WILD)
    world.run(SPANS_MS.get(name, HOUR_MS), load={"interactive": 0, "bulk": 6})
    assert check_limits(world)


@pytest.mark.parametrize(
    ("name", "span_ms", "expected"),
    [
        ("per_second", 100_000, 500),
        ("per_minute", 1_200_000, 400),
        ("per_hour", 2 * HOUR_MS, 2000),
        ("cooldown", 1_000_000, 200),
        ("all", 1_000_000, 200),  # the cooldown alone makes twelve a minute
    ],
)
def test_what_a_limit_allows_does_go(name: str, span_ms: int, expected: int) -> None:
    world = World(care(ALONE[name]), seed=1, slowest_ms=1)
    world.run(span_ms, load={"interactive": 25, "bulk": 0}, media=0)
    assert expected * 0.98 <= len(world.sent) <= expected + 1


def test_a_restart_goes_on_where_the_last_owner_stopped() -> None:
    world = World(care(ALONE["per_hour"]), seed=3, faults=Faults(crash=0.05))
    world.run(HOUR_MS, load={"interactive": 25, "bulk": 0})
    assert len(world.sent) <= 1000


def test_the_bulk_lane_leaves_room_for_replies() -> None:
    world = World(care(Limits(cooldown_ms=0)), seed=4)
    world.run(HOUR_MS // 2, load={"interactive": 0, "bulk": 25})
    ordered = sorted(world.waited_ms["interactive"])
    assert len(ordered) > 10
    assert ordered[len(ordered) * 95 // 100] < 60_000
    assert max(world.waited_ms["bulk"]) > 60_000  # which has to wait for them


def test_media_has_a_budget_of_its_own_and_counts_as_messages() -> None:
    history = History(messages=range(0, 100_000, 1000), media=range(0, 100_000, 1000))
    limits = replace(NONE, media_per_hour=100)
    assert may_send_now(history, limits, 200_000) == CLEAR
    assert may_send_now(history, limits, 200_000, media=True) == NotBefore(HOUR_MS, "media_per_hour")
    assert may_send_now(history, replace(NONE, per_hour=100), 200_000) == NotBefore(HOUR_MS, "per_hour")


def test_a_hand_over_under_way_counts_as_now() -> None:
    history = History()
    history.begin()
    assert may_send_now(history, STRICT.limits, 10_000) == NotBefore(15_000, "cooldown")
    history.end(12_000)
    assert may_send_now(history, STRICT.limits, 12_000) == NotBefore(17_000, "cooldown")
    assert may_send_now(history, STRICT.limits, 17_000) == CLEAR


def test_a_time_in_the_future_counts_as_now() -> None:
    history = History(messages=[50_000])
    assert may_send_now(history, STRICT.limits, 10_000) == NotBefore(15_000, "cooldown")


def test_a_new_number_starts_gently() -> None:
    steps = [limits_at_age(Limits(), age).per_hour for age in (0, 2.9, 3, 7, 14, 1000)]
    assert steps == [100, 100, 250, 500, 1000, 1000]
    assert limits_at_age(replace(NONE, per_second=1), 0).per_hour is None
