"""Which copies of a profile are published, kept and restored."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.domain.profile import (
    MINUTE_MS,
    Measure,
    Version,
    is_local_newest,
    may_publish,
    may_restore,
    versions_to_keep,
)

HOUR_MS, DAY_MS = 60 * MINUTE_MS, 24 * 60 * MINUTE_MS
GOOD = Measure(linked_ms=5, logged_in=True, verified=True, data_bytes=1_000_000)


def version(taken_ms: int, *, linked_ms: int = 5, data_bytes: int = 1_000_000, refused: str | None = None) -> Version:
    return Version(f"{1:08d}.{taken_ms:015d}", "ses_1", linked_ms, taken_ms, data_bytes, refused=refused)


@pytest.mark.parametrize(
    ("measure", "unfit"),
    [
        (GOOD, None),
        (replace(GOOD, logged_in=False), "logged_out"),
        (replace(GOOD, verified=False), "unverifiable"),
        (replace(GOOD, data_bytes=40_000), "shrunken"),
        (replace(GOOD, data_bytes=60_000), None),  # LevelDB tidied up
        (replace(GOOD, data_bytes=0, linked_ms=6), None),  # a new link begins anew
    ],
)
def test_only_a_fit_state_is_published(measure: Measure, unfit: str | None) -> None:
    assert may_publish(version(1), measure) == unfit


def test_a_first_copy_and_one_after_a_small_one_cannot_be_shrunken() -> None:
    assert may_publish(None, replace(GOOD, data_bytes=0)) is None
    assert may_publish(version(1, data_bytes=60_000), replace(GOOD, data_bytes=0)) is None


def test_copies_of_another_link_and_refused_ones_are_not_restored() -> None:
    assert may_restore(version(1), 5)
    assert not may_restore(version(1), 6)
    assert not may_restore(version(1, refused="tampered"), 5)


@pytest.mark.parametrize(("stamp", "used", "newest"), [(3, 3, True), (4, 3, True), (2, 3, False), (0, 1, False)])
def test_a_local_profile_is_stale_once_another_epoch_started_a_browser(stamp: int, used: int, newest: bool) -> None:
    assert is_local_newest(stamp, used) is newest


def test_profiles_from_before_there_were_stamps_are_taken_as_they_are() -> None:
    assert is_local_newest(0, 0)


@given(st.sets(st.integers(0, 30 * DAY_MS), min_size=1, max_size=40), st.integers(2, 7))
@settings(deadline=None)  # a busy machine is no failure
def test_never_more_than_asked_for_and_always_the_newest(taken: set[int], count: int) -> None:
    now_ms = 30 * DAY_MS
    versions = [version(when) for when in taken]
    kept = versions_to_keep(versions, now_ms, count)
    assert version(max(taken)).id in kept
    assert len(kept) <= count
    assert len(kept) >= min(2, len(taken))


def test_with_a_backup_every_ten_seconds_for_three_days_old_ones_stay() -> None:
    kept: list[Version] = []
    for now_ms in range(0, 3 * DAY_MS, 10_000):
        kept = [version(now_ms), *kept]
        chosen = versions_to_keep(kept, now_ms, 5)
        kept = [one for one in kept if one.id in chosen]
    ages = [3 * DAY_MS - 10_000 - one.taken_ms for one in kept]
    assert ages[0] == 0
    assert len(ages) == 5
    assert ages[1] <= 10 * MINUTE_MS < ages[2] <= HOUR_MS < ages[3] <= DAY_MS < ages[4] <= 2 * DAY_MS + HOUR_MS


def test_copies_of_an_earlier_link_and_refused_ones_go() -> None:
    versions = [version(3), version(2, linked_ms=4), version(1, refused="tampered")]
    assert versions_to_keep(versions, 3, 5) == {version(3).id}
