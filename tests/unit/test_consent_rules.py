"""Who may be written to (P7): every policy, what people said, and in which order things happened."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.domain.consent import (
    REPLY_WINDOW_MS,
    Allowed,
    Consent,
    Policy,
    Refused,
    Standing,
    is_allowed,
    stands,
    with_consent,
    with_opt_out,
    with_return,
    with_withdrawal,
)

NOW = 1_800_000_000_000
POLICIES: tuple[Policy, ...] = ("open", "opted_in", "reply_window_24h", "template_only")
AGREED = with_consent(Standing(), Consent("news", NOW - 1000, "paper"))


def ask(policy: Policy, standing: Standing, *, last: int = 0, template: bool = False, purpose: str = "news") -> str:
    answer = is_allowed(
        policy, standing, purpose=purpose, last_inbound_ms=last, from_template=template, now_ms=NOW
    )  # fmt: skip
    if isinstance(answer, Refused):
        assert answer.message
        assert answer.mend
        return answer.rule
    assert answer == Allowed()
    return "allowed"


@pytest.mark.parametrize(
    ("policy", "standing", "last", "template", "expected"),
    [
        ("open", Standing(), 0, False, "allowed"),
        ("opted_in", Standing(), 0, False, "consent_missing"),
        ("opted_in", Standing(), NOW, True, "consent_missing"),
        ("opted_in", AGREED, 0, False, "allowed"),
        ("opted_in", with_consent(Standing(), Consent("other", NOW - 1, "paper")), 0, False, "consent_missing"),
        ("opted_in", with_consent(Standing(), Consent("news", NOW - 9, "paper", NOW)), 0, False, "consent_expired"),
        ("opted_in", with_consent(Standing(), Consent("news", NOW - 9, "paper", NOW + 1)), 0, False, "allowed"),
        ("reply_window_24h", Standing(), 0, False, "reply_window_closed"),
        ("reply_window_24h", AGREED, 0, False, "reply_window_closed"),
        ("reply_window_24h", Standing(), NOW - REPLY_WINDOW_MS, False, "reply_window_closed"),
        ("reply_window_24h", Standing(), NOW - REPLY_WINDOW_MS + 1, False, "allowed"),
        ("reply_window_24h", Standing(), 0, True, "allowed"),
        ("template_only", Standing(), NOW, False, "template_required"),
        ("template_only", Standing(), 0, True, "allowed"),
    ],
)
def test_each_policy_asks_for_its_own(
    policy: Policy, standing: Standing, last: int, template: bool, expected: str
) -> None:
    assert ask(policy, standing, last=last, template=template) == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_who_opted_out_is_refused_under_every_policy(policy: Policy) -> None:
    out = with_opt_out(AGREED, by="keyword", token="t", confirmation="c", at_ms=NOW)
    assert ask(policy, out, last=NOW, template=True) == "opted_out"


@pytest.mark.parametrize("policy", POLICIES)
def test_a_withdrawn_purpose_is_refused_under_every_policy_and_others_are_not(policy: Policy) -> None:
    out = with_withdrawal(AGREED, "news", by="api", at_ms=NOW)
    assert ask(policy, out, last=NOW, template=True) == "consent_withdrawn"
    assert ask("open", out, purpose="parcels") == "allowed"
    objected = with_withdrawal(Standing(), "news", by="api", at_ms=NOW)
    assert ask(policy, objected, last=NOW, template=True) == "consent_withdrawn"


def test_a_list_from_before_the_opt_out_does_not_undo_it_and_a_new_consent_does_for_its_purpose() -> None:
    out = with_opt_out(Standing(), by="keyword", token="t", confirmation="c", at_ms=NOW)
    assert ask("opted_in", with_consent(out, Consent("news", NOW - 1, "list"))) == "opted_out"
    assert ask("opted_in", with_consent(out, Consent("news", NOW, "list"))) == "opted_out"
    anew = with_consent(out, Consent("news", NOW + 1, "web_form"))
    assert ask("opted_in", anew) == "allowed"
    assert ask("open", anew, purpose="parcels") == "opted_out"
    assert ask("open", with_opt_out(anew, by="keyword", token="u", confirmation="", at_ms=NOW + 2)) == "opted_out"


def test_start_brings_back_what_stood_but_not_what_was_withdrawn_by_itself() -> None:
    two = with_consent(with_withdrawal(AGREED, "ads", by="api", at_ms=NOW - 500), Consent("parcels", NOW - 900, "x"))
    out = with_opt_out(two, by="keyword", token="t", confirmation="c", at_ms=NOW - 100)
    back = with_return(out, Consent("messages", NOW, "keyword"), token="u", confirmation="d")
    assert [ask("opted_in", back, purpose=purpose) for purpose in ("news", "parcels", "messages", "ads")] == [
        "allowed", "allowed", "allowed", "consent_withdrawn",
    ]  # fmt: skip
    assert with_return(AGREED, Consent("messages", NOW, "keyword"), token="u", confirmation="d") is AGREED


def test_what_changes_nothing_says_so() -> None:
    assert with_consent(AGREED, AGREED.consents["news"]) is AGREED
    assert with_consent(AGREED, Consent("news", NOW - 2000, "older")) is AGREED
    gone = with_withdrawal(AGREED, "news", by="api", at_ms=NOW)
    assert with_withdrawal(gone, "news", by="api", at_ms=NOW + 5) is gone
    out = with_opt_out(AGREED, by="keyword", token="t", confirmation="c", at_ms=NOW)
    assert with_opt_out(out, by="keyword", token="u", confirmation="d", at_ms=NOW + 5) is out
    assert with_opt_out(AGREED, by="keyword", token="old", confirmation="", at_ms=NOW - 5000) is AGREED


times = st.integers(1, 6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("give"), times), st.tuples(st.just("withdraw"), times), st.tuples(st.just("stop"), times)
    ),
    max_size=8,
)


@given(steps)
def test_nothing_said_late_weakens_a_no(history: list[tuple[str, int]]) -> None:
    """In whatever order it is learnt: whoever said no at t is written to only by a consent from after t."""
    standing = Standing()
    for what, at in history:
        if what == "give":
            standing = with_consent(standing, Consent("news", at, "list"))
        elif what == "withdraw":
            standing = with_withdrawal(standing, "news", by="api", at_ms=at)
        else:
            standing = with_opt_out(standing, by="keyword", token="t", confirmation="", at_ms=at)
        if what == "give" and ask("open", standing) == "allowed":
            assert standing.consents["news"].given_ms > max(
                standing.opted_out_ms, standing.consents["news"].withdrawn_ms
            )
    consent = standing.consents.get("news")
    if consent is not None:
        assert stands(consent, standing, NOW) == (ask("opted_in", standing) == "allowed")
        assert not stands(replace(consent, until_ms=5), standing, NOW)
