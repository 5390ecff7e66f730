"""One slow acknowledgement is not trouble; silence for longer than normal is, and ends with the first answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.worker.acknowledgements import Acknowledgements

LEAST = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def acks(clock: Clock) -> Acknowledgements:
    return Acknowledgements(clock, LEAST)


def test_silence_is_doubted_after_the_limit_and_not_before(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("a")
    clock.now += LEAST - 1
    assert not acks.begin_to_doubt()
    clock.now += 1
    assert acks.begin_to_doubt()
    assert not acks.begin_to_doubt(), "it gets its time again"
    clock.now += LEAST
    assert acks.begin_to_doubt()
    assert acks.oldest_seconds == 2 * LEAST


def test_without_anything_to_wait_for_there_is_no_doubt(clock: Clock, acks: Acknowledgements) -> None:
    clock.now += 10_000
    assert not acks.begin_to_doubt()


def test_one_slow_message_among_others_that_are_answered_is_no_trouble(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("slow")
    for _ in range(20):
        clock.now += LEAST - 1
        acks.heard()
        assert not acks.begin_to_doubt()


def test_the_first_answer_ends_the_doubt_once(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("a")
    acks.awaited("b")
    clock.now += LEAST
    assert acks.begin_to_doubt()
    assert not acks.end_doubt()
    clock.now += 1
    acks.heard()
    assert acks.end_doubt()
    assert not acks.end_doubt()


def test_when_none_is_waited_for_any_more_there_is_nothing_to_doubt(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("a")
    clock.now += LEAST
    assert acks.begin_to_doubt()
    acks.dropped("a")
    assert acks.end_doubt()


def test_a_message_that_is_handed_over_again_waits_since_the_first_time(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("a")
    clock.now += LEAST / 2
    acks.awaited("a")
    clock.now += LEAST / 2
    assert acks.begin_to_doubt()


def test_after_an_absence_everything_gets_its_time_again(clock: Clock, acks: Acknowledgements) -> None:
    acks.awaited("a")
    clock.now += 3600  # the machine stood still
    acks.restart()
    assert not acks.begin_to_doubt()


def test_a_line_that_is_always_slow_widens_the_limit(clock: Clock, acks: Acknowledgements) -> None:
    for number in range(30):
        acks.awaited(str(number))
        clock.now += 40 if number % 2 else 20
        acks.settled(str(number))
    assert acks.limit > LEAST
    before = acks.limit
    acks.awaited("disturbed")
    acks.restart()
    clock.now += 100_000
    acks.settled("disturbed")
    assert acks.limit == before, "what a remedy fell into tells nothing of the line"


def test_what_alone_is_never_acknowledged_is_unresolved_and_a_dead_line_resolves_nothing(
    clock: Clock, acks: Acknowledgements
) -> None:
    acks.awaited("lost")
    clock.now += 599
    acks.heard()
    assert acks.unresolved(600) == ()
    clock.now += 1
    assert acks.unresolved(600) == ("lost",)
    clock.now += 400
    assert acks.unresolved(600) == (), "by now nothing is acknowledged: first the line is healed"


@given(st.lists(st.floats(0, 10_000), max_size=50))
def test_the_limit_stays_within_its_bounds(times: list[float]) -> None:
    clock = Clock()
    acks = Acknowledgements(clock, LEAST)
    for number, seconds in enumerate(times):
        acks.awaited(str(number))
        clock.now += seconds
        acks.settled(str(number))
        assert LEAST <= acks.limit <= 4 * LEAST
