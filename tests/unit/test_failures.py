"""What a failed send means, and what its words may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.domain.failures import classify, without_ids


@pytest.mark.parametrize(
    ("code", "number", "category", "following"),
    [
        ("session_not_linked", None, "authentication", "wait"),
        ("page_gone", None, "network", "wait"),
        ("new_chats_restricted", None, "rate_limit", "hold"),
        ("page_timeout", None, "network", "wait"),
        ("rate_overlimit", None, "rate_limit", "retry"),
        ("file_too_large", None, "validation", "give_up"),
        ("InvalidMediaFileType", None, "validation", "give_up"),
        ("send_refused", 463, "rate_limit", "hold"),
        ("send_refused", 475, "rate_limit", "hold"),
        ("send_refused", 479, "whatsapp_api", "retry"),
        ("send_refused", None, "whatsapp_api", "retry"),
        ("something_new", 599, "whatsapp_api", "retry"),
        ("not_on_whatsapp", None, "validation", "give_up"),
        ("invalid_wid", None, "validation", "give_up"),
        ("not_group_member", None, "business_logic", "give_up"),
    ],
)
def test_each_failure_has_its_category_and_what_follows(
    code: str, number: int | None, category: str, following: str
) -> None:
    failure = classify(code, number=number)
    assert (failure.category, failure.next) == (category, following)


def test_whatsapps_own_words_are_kept_without_whom_they_name() -> None:
    failure = classify("chat_not_found", words="Chat not found for 5511900000002@c.us")
    assert failure.words == "Chat not found for …"


def test_a_file_that_the_page_does_not_take_has_one_code_and_keeps_the_pages_name_for_it() -> None:
    failure = classify("InvalidMediaCheckRepairFailedType")
    assert (failure.code, failure.words) == ("media_not_taken", "InvalidMediaCheckRepairFailedType")


@given(st.integers(min_value=100000, max_value=10**15), st.text(max_size=300))
def test_no_number_survives(number: int, around: str) -> None:
    said = without_ids(f"{around} {number} {around} {number}@lid")
    assert str(number) not in said
    assert len(said) <= 200
