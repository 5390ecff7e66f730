"""The foreseen time: what is told to who comes too early is true."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.domain.outlook import Window, ahead_of, expected, retry_after_ms, wait_behind

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
    wait_ms = retry_after_ms(waiting, pace=pace, longest_ms=longest_ms)
    left = waiting - sent_by(waiting, wait_ms, pace)
    assert retry_after_ms(left, pace=pace, longest_ms=longest_ms) == 0


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
    assert expected(3, pace=LIMITS, now_ms=100, due_ms=20_000).because == "time"
    assert expected(3, pace=LIMITS, now_ms=100, held="paused").at_ms is None
    assert (
        ahead_of("bulk", {"interactive": 2, "bulk": 3}),
        ahead_of("interactive", {"interactive": 2, "bulk": 3}),
    ) == (5, 2)
