"""How much a number is at risk, and which capabilities a session has left."""

from hypothesis import given
from hypothesis import strategies as st

from waypost.domain.capabilities import Capabilities, capability_of
from waypost.domain.failures import classify
from waypost.domain.number_health import Day, Level, health_of, level_of

_COUNTS = st.builds(
    Day,
    sent=st.integers(0, 500), failed=st.integers(0, 100), first_contacts=st.integers(0, 100),
    answered=st.integers(0, 100), unknown_numbers=st.integers(0, 100), silent=st.integers(0, 100),
    opted_out=st.integers(0, 50), restrictions=st.integers(0, 2),
)  # fmt: skip


def test_a_number_that_people_answer_is_well() -> None:
    health = health_of([Day(sent=200, first_contacts=20, answered=12)])
    assert (health.score, health.level, health.reasons) == (100, "good", ())


def test_few_cases_prove_nothing() -> None:
    assert health_of([Day(sent=3, first_contacts=3, unknown_numbers=2, failed=2)]).score == 100


def test_cold_messages_to_unknown_numbers_that_nobody_answers_are_a_risk() -> None:
    health = health_of([Day(sent=40, first_contacts=20, unknown_numbers=6)] * 3)
    assert health.level == "at_risk"
    assert [reason.name for reason in health.reasons] == ["unknown_numbers", "nobody_answers"]
    assert [reason.share for reason in health.reasons] == [30, 100]


def test_a_restriction_alone_puts_a_number_at_risk() -> None:
    assert health_of([Day(sent=10, restrictions=1)]).level == "at_risk"


def test_people_who_say_stop_cost_points() -> None:
    assert health_of([Day(sent=100, opted_out=4)]).score < health_of([Day(sent=100, opted_out=2)]).score < 100


def test_a_level_is_left_upwards_with_some_distance() -> None:
    levels: list[Level] = ["good"]
    for score in (71, 69, 71, 79, 80, 39, 41, 49, 50, 81):
        levels.append(level_of(score, levels[-1]))
    assert levels[1:] == [
        "good", "watch", "watch", "watch", "good", "at_risk", "at_risk", "at_risk", "watch", "good",
    ]  # fmt: skip


@given(st.lists(_COUNTS, max_size=7))
def test_the_score_is_explained_by_its_reasons(days: list[Day]) -> None:
    health = health_of(days)
    assert health.score == max(0, 100 - sum(reason.points for reason in health.reasons))


@given(st.lists(_COUNTS, min_size=1, max_size=6))
def test_more_answers_never_cost_points(days: list[Day]) -> None:
    answered = [Day(**{**_plain(days[0]), "answered": days[0].answered + 5}), *days[1:]]
    assert health_of(answered).score >= health_of(days).score


def _plain(day: Day) -> dict[str, int]:
    return {name: getattr(day, name) for name in Day.__slots__}


def test_one_failing_chat_says_nothing_of_the_session() -> None:
    capabilities = Capabilities()
    for _ in range(10):
        capabilities = capabilities.failed("text", "con_a", classify("send_refused"))
    assert capabilities.degraded() == {}


def test_several_failing_chats_do_until_one_gets_through() -> None:
    capabilities = Capabilities()
    for chat in ("con_a", "con_b", "con_c"):
        capabilities = capabilities.failed("media", chat, classify("upload_failed"))
    assert capabilities.degraded() == {"media": "upload_failed"}
    assert capabilities.worked("text").degraded() == {"media": "upload_failed"}
    assert capabilities.worked("media").degraded() == {}


def test_wrong_numbers_and_lost_lines_degrade_nothing() -> None:
    capabilities = Capabilities()
    for chat in "abcdef":
        capabilities = capabilities.failed("text", chat, classify("not_on_whatsapp"))
        capabilities = capabilities.failed("text", chat, classify("page_gone"))
    assert capabilities.degraded() == {}


def test_what_a_message_needs() -> None:
    assert capability_of("text", group=False) == "text"
    assert capability_of("text", group=True) == "groups"
    assert capability_of("image", group=True) == "media"
