"""When a session may load a new build, and when the canaries run."""

import pytest

from waypost.domain.canary import EVERY_MS, Answer, Pair, is_due, may_take

OLD, NEW = "wa-js/4.4.0 web/2.1", "wa-js/4.4.0 web/2.2"
PATIENCE_MS = 900_000


@pytest.mark.parametrize(
    ("canaries", "waited_ms", "answer"),
    [
        ([], 0, "tested"),  # nobody set any up: as ever
        ([Pair(NEW, "passed")] * 2, 0, "tested"),
        ([Pair(OLD, "passed")] * 2, 0, "no"),  # the canaries have not loaded the new one yet
        ([Pair(NEW, "passed"), Pair(OLD, "passed")], 0, "no"),
        ([Pair(NEW)] * 2, 0, "no"),
        ([Pair(NEW, "failed")] * 2, 0, "no"),
        ([Pair(NEW, "failed")] * 2, PATIENCE_MS - 1, "no"),
        ([Pair(NEW, "failed")] * 2, PATIENCE_MS, "untested"),
        ([Pair(NEW)] * 2, PATIENCE_MS, "untested"),
        ([Pair(OLD, "passed")] * 2, PATIENCE_MS, "untested"),
        ([Pair(NEW, "passed")] * 2, PATIENCE_MS, "tested"),
    ],
)  # fmt: skip
def test_a_new_build_is_taken_once_it_passed_or_the_patience_is_over(
    canaries: list[Pair], waited_ms: int, answer: Answer
) -> None:
    assert may_take(OLD, canaries, waited_ms=waited_ms, patience_ms=PATIENCE_MS) == answer


@pytest.mark.parametrize(
    ("pairs", "last_ms", "now_ms", "due"),
    [
        ([Pair(OLD, "passed", judged_ms=1)] * 2, 1_000, 1_000 + EVERY_MS - 1, False),
        ([Pair(OLD, "passed", judged_ms=1)] * 2, 1_000, 1_000 + EVERY_MS, True),
        ([Pair(OLD, "failed", judged_ms=1)] * 2, 1_000, 2_000, False),
        ([Pair(NEW)] * 2, 1_000, 2_000, True),
    ],
)  # fmt: skip
def test_the_canaries_run_every_few_minutes_and_at_once_on_a_new_pair(
    pairs: list[Pair], last_ms: int, now_ms: int, due: bool
) -> None:
    assert is_due(pairs, last_ms, now_ms) is due
