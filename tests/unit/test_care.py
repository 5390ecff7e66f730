"""Budgets of first contacts, a person's pace, and how an environment changes both."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.limits_world import most_in_any_span
from waypost.domain.care import RELAXED, STRICT, care_for
from waypost.domain.expiry import expires_at, is_too_late, reason_of
from waypost.domain.first_contact import FirstContact, budget, may_begin, may_check
from waypost.domain.limits import CLEAR, NotBefore
from waypost.domain.message import Message
from waypost.domain.outlook import wait_behind
from waypost.domain.pacing import Pacing, opens_at, plan_for
from waypost.domain.rhythm import rhythm
from waypost.errors import ValidationError

DAY_MS = 86_400_000
COLD = FirstContact()
KABUL = "Asia/Kabul"  # half an hour off


@given(
    steps=st.lists(st.integers(0, DAY_MS // 4), min_size=20, max_size=200),
    most=st.integers(1, 20),
)
def test_no_day_holds_more_first_messages_than_its_budget(steps: list[int], most: int) -> None:
    now_ms, sent = DAY_MS, list[int]()
    for step in steps:
        now_ms += step
        answer = may_begin(sent, most, COLD, now_ms)
        if answer == CLEAR:
            sent.append(now_ms)
        else:
            assert isinstance(answer, NotBefore)
            assert may_begin(sent, most, COLD, answer.at_ms) == CLEAR  # it is not sent away for longer than it must
    assert most_in_any_span(sent, DAY_MS) <= most


def test_each_of_those_who_wait_is_promised_a_place_of_its_own() -> None:
    sent = [1000, 2000, 3000]
    promised = [may_begin(sent, 3, COLD, 4000, ahead=ahead) for ahead in range(5)]
    days = [NotBefore(at + day * DAY_MS, "first_contact") for day in (1, 2) for at in sent]
    assert promised == days[:5]


def test_the_budget_grows_with_age_and_answers_and_at_most_doubles() -> None:
    assert [budget(COLD, age, 0) for age in (0, 6, 7, 14, 30, 90, 4000)] == [5, 5, 10, 15, 20, 40, 40]
    assert [budget(COLD, 0, answers) for answers in (1, 2, 6, 1000)] == [5, 6, 8, 10]
    assert budget(RELAXED.first_contact, 0, 0) is None


def test_questions_about_numbers_have_two_budgets() -> None:
    assert may_check([], COLD, 0) == CLEAR
    assert may_check([0] * 20, COLD, 1000) == NotBefore(3_600_000, "existence")
    spread = [hour * 4_000_000 for hour in range(20) for _ in range(4)]
    assert may_check(spread, COLD, 80_000_000) == NotBefore(DAY_MS, "existence")


@given(message=st.text(min_size=1), characters=st.integers(0, 5000), unread=st.none() | st.integers(0, 5000))
def test_a_plan_varies_by_message_but_never_for_the_same_one(message: str, characters: int, unread: int | None) -> None:
    pacing = Pacing()
    plan = plan_for(pacing, message, unread_characters=unread, characters=characters)
    assert plan == plan_for(pacing, message, unread_characters=unread, characters=characters)
    assert pacing.type_least_ms // 2 <= plan.type_ms <= 2 * pacing.type_most_ms
    assert (plan.seen, plan.read_ms > 0) == ((True, True) if unread is not None else (False, False))
    assert plan.read_ms <= 2 * pacing.read_most_ms


def test_longer_texts_are_typed_longer_and_no_two_alike() -> None:
    def typed(name: str, characters: int) -> int:
        return plan_for(Pacing(), name, unread_characters=None, characters=characters).type_ms

    names = [f"msg_{count}" for count in range(200)]
    assert len({typed(name, 50) for name in names}) > 150
    assert sum(typed(name, 10) for name in names) < sum(typed(name, 100) for name in names)


@pytest.mark.parametrize(
    ("zone", "local", "opens"),
    [
        ("Europe/Berlin", "2026-06-01T08:00", "2026-06-01T08:00"),
        ("Europe/Berlin", "2026-06-01T20:59", "2026-06-01T20:59"),
        ("Europe/Berlin", "2026-06-01T21:00", "2026-06-02T08:00"),
        ("Europe/Berlin", "2026-06-01T03:00", "2026-06-01T08:00"),
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T08:00"),  # the night is an hour shorter
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T08:00"),  # and one longer
        (KABUL, "2026-06-01T07:59", "2026-06-01T08:00"),
    ],
)
def test_active_hours_are_those_of_the_sessions_wall(zone: str, local: str, opens: str) -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)

    assert opens_at(Pacing(), zone, at(local)) == at(opens)


def test_hours_may_span_midnight_and_an_unknown_zone_is_utc() -> None:
    night = Pacing(open_from=22, open_until=6)
    assert [opens_at(night, "Nowhere/At_all", hour * 3_600_000) // 3_600_000 for hour in (0, 5, 6, 21, 23)] == [
        0, 5, 22, 22, 23,
    ]  # fmt: skip


def test_stages_differ_by_settings_only() -> None:
    assert care_for("dev") == RELAXED
    assert care_for("staging") == care_for("prod") == care_for("local") == STRICT


def test_an_environment_changes_what_it_names() -> None:
    care = care_for("prod", '{"limits": {"per_hour": 500, "per_minute": null}, "first_contact": {"per_day": [[0, 2]]}}')
    assert (care.limits.per_hour, care.limits.per_minute, care.limits.per_second) == (500, None, 5)
    assert care.first_contact.per_day == ((0, 2),)
    assert care.pacing == STRICT.pacing


def test_a_time_scale_divides_every_time_and_nothing_else() -> None:
    care = care_for("prod", time_scale="20")
    assert (care.limits.cooldown_ms, care.limits.hour_ms, care.limits.per_hour) == (250, 180_000, 1000)
    assert (care.first_contact.day_ms, care.first_contact.per_day) == (4_320_000, STRICT.first_contact.per_day)
    assert (care.pacing.type_ms_per_character, care.pacing.open_from, care.pacing.reply_ms) == (3, 8, 180_000)


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ("{", "WAYPOST_LIMITS"),
        ("[]", "WAYPOST_LIMITS"),
        ('{"limit": {}}', "WAYPOST_LIMITS.limit"),
        ('{"limits": {"per_day": 1}}', "WAYPOST_LIMITS.limits.per_day"),
        ('{"limits": {"per_hour": 0}}', "WAYPOST_LIMITS.limits.per_hour"),
        ('{"limits": {"per_hour": true}}', "WAYPOST_LIMITS.limits.per_hour"),
        ('{"limits": {"cooldown_ms": null}}', "WAYPOST_LIMITS.limits.cooldown_ms"),
        ('{"limits": {"hour_ms": 1}}', "WAYPOST_LIMITS.limits.hour_ms"),
        ('{"limits": {"bulk_percent": 101}}', "WAYPOST_LIMITS.limits.bulk_percent"),
        ('{"pacing": {"open_from": 24}}', "WAYPOST_LIMITS.pacing.open_from"),
        ('{"pacing": {"spread": 3}}', "WAYPOST_LIMITS.pacing.spread"),
        ('{"pacing": {"seen": 1}}', "WAYPOST_LIMITS.pacing.seen"),
        ('{"first_contact": {"per_day": [[1, 5]]}}', "WAYPOST_LIMITS.first_contact.per_day"),
        ('{"first_contact": {"per_day": [[0, 5], [0, 6]]}}', "WAYPOST_LIMITS.first_contact.per_day"),
        ('{"longest_wait_ms": -1}', "WAYPOST_LIMITS.longest_wait_ms"),
    ],
)
def test_what_cannot_be_set_is_refused_with_its_place(overrides: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        care_for("prod", overrides)
    assert (refused.value.field, refused.value.code) == (field, "bad_setting")


def test_a_message_expires_at_its_own_time_or_after_the_longest_wait() -> None:
    message = Message("msg", "ten", "ses", "con", "out", "accepted", 1000, b"")
    assert (expires_at(message, 0), expires_at(message, 500)) == (0, 1500)
    assert (is_too_late(message, 500, 1499), is_too_late(message, 500, 1500), is_too_late(message, 0, 10**15)) == (
        False, True, False,
    )  # fmt: skip
    assert [reason_of(why) for why in ("", "time", "first_contact")] == ["expires_at", "expires_at", "first_contact"]


def test_callers_are_told_by_the_limit_that_binds() -> None:
    assert wait_behind(9, rhythm(STRICT, 365, "interactive")) == (9 * 5600, "cooldown")
    at_ms, _ = wait_behind(1000, rhythm(STRICT, 0, "bulk"))
    assert at_ms > 12 * 3_600_000  # eighty an hour on the first day
    assert rhythm(RELAXED, 0, "bulk")[0].most == 200
