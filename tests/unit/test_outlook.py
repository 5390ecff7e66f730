"""The foreseen time: what is told to who comes too early is true."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.domain.care import RELAXED, STRICT
from waypost.domain.outlook import Outlook, Window, ahead_of, wait_behind
from waypost.domain.rhythm import rhythm

LIMITS = (Window("cooldown", 1, 5000), Window("per_minute", 16, 60_000), Window("per_hour", 400, 3_600_000))


def sent_by(count: int, until_ms: int, pace: tuple[Window, ...]) -> int:
    """How many of `count` messages a sender that keeps to the limits has sent by then."""
    now_ms, sent = 0, deque[int]()
    for number in range(count):
        for window in pace:
            if number >= window.most:
                now_ms = max(now_ms, sent[number - window.most] + window.span_ms)
        if now_ms > until_ms:
            return number
        sent.append(now_ms)
    return count


paces = st.lists(
    st.builds(Window, st.just("limit"), st.integers(1, 40), st.sampled_from([1000, 5000, 60_000, 3_600_000])),
    min_size=1,
    max_size=4,
).map(tuple)


@settings(max_examples=300, deadline=None)
@given(waiting=st.integers(0, 3000), longest_ms=st.integers(0, 7_200_000), pace=paces)
def test_who_waits_as_long_as_told_gets_in(waiting: int, longest_ms: int, pace: tuple[Window, ...]) -> None:
    outlook, now_ms = Outlook(pace), 10**12
    wait_ms = outlook.room_after(waiting, now_ms=now_ms, longest_ms=longest_ms)
    left = waiting - sent_by(waiting, wait_ms, pace)
    assert outlook.room_after(left, now_ms=now_ms + wait_ms, longest_ms=longest_ms) == 0


@settings(max_examples=100, deadline=None)
@given(ahead=st.integers(0, 2000))
def test_a_message_goes_at_its_foreseen_time_and_not_before(ahead: int) -> None:
    wait_ms, because = wait_behind(ahead, LIMITS)
    assert sent_by(ahead + 1, wait_ms, LIMITS) == ahead + 1
    assert sent_by(ahead + 1, wait_ms - 1, LIMITS) == ahead
    assert because in {"nothing", *(window.name for window in LIMITS)}


def test_the_binding_limit_is_named() -> None:
    assert wait_behind(0, LIMITS) == (0, "nothing")
    assert wait_behind(3, LIMITS) == (15_000, "cooldown")
    assert wait_behind(800, LIMITS) == (7_200_000, "per_hour")
    assert Outlook(LIMITS).expected(3, now_ms=100, due_ms=20_000).because == "time"
    assert Outlook(LIMITS).expected(3, now_ms=100, held="paused").at_ms is None
    assert (
        ahead_of("bulk", {"interactive": 2, "bulk": 3}),
        ahead_of("interactive", {"interactive": 2, "bulk": 3}),
    ) == (5, 2)


def test_the_pace_is_what_the_limits_say() -> None:
    assert [(one.name, one.most) for one in rhythm(STRICT, 90, "bulk")] == [
        ("per_second", 5), ("per_minute", 16), ("per_hour", 800), ("cooldown", 1),
    ]  # fmt: skip
    assert {one.name for one in rhythm(RELAXED, 90, "interactive")} == {"per_second"}


def test_nothing_is_foreseen_for_hours_in_which_nothing_goes() -> None:
    def opens_at(at_ms: int) -> int:  # from 8 to 10 of each day
        day, hour = divmod(at_ms, 86_400_000)
        early, late = 8 * HOUR_MS, 10 * HOUR_MS
        return at_ms if early <= hour < late else day * 86_400_000 + early + (86_400_000 if hour >= late else 0)

    outlook = Outlook((Window("cooldown", 1, 60_000),), opens_at)
    assert outlook.goes_at(0, 9 * HOUR_MS) == (9 * HOUR_MS, "nothing")
    assert outlook.goes_at(0, 7 * HOUR_MS) == (8 * HOUR_MS, "active_hours")
    assert outlook.goes_at(30, 9 * HOUR_MS) == (9 * HOUR_MS + 30 * 60_000, "cooldown")
    assert outlook.goes_at(90, 9 * HOUR_MS) == (86_400_000 + 8 * HOUR_MS + 30 * 60_000, "active_hours")
    assert outlook.goes_at(3 * 120 + 10, 8 * HOUR_MS)[0] == 3 * 86_400_000 + 8 * HOUR_MS + 10 * 60_000


HOUR_MS = 3_600_000
