"""STOP and START in many languages: found as a whole message however it is typed, and never inside of one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from waypost.domain.consent_settings import ConsentSettings, in_language
from waypost.domain.keywords import Keyword, plain
from waypost.errors import ValidationError
from waypost.services.vocabulary import check_words, confirmation_of, languages, vocabulary, vocabulary_of

ALL = [
    (language, meaning, word)
    for language, entry in languages().items()
    for meaning in ("stop", "start")
    for word in entry[meaning]
]

KNOWN = {plain(word) for _, _, word in ALL}


def meaning(text: str, language: str = "en") -> str | None:
    found = vocabulary().meaning_of(text, language=language)
    return None if found is None else found.meaning


def test_there_are_many_languages_and_each_is_complete() -> None:
    assert len(languages()) >= 25
    for entry in languages().values():
        assert entry["stop"]
        assert entry["start"]
        assert entry["stopped"]
        assert entry["started"]


def test_no_word_means_both() -> None:
    stop = {plain(word) for _, kind, word in ALL if kind == "stop"}
    start = {plain(word) for _, kind, word in ALL if kind == "start"}
    assert not stop & start
    assert "" not in stop | start


def test_every_confirmation_names_a_word_that_works() -> None:
    """Whoever does what it says is understood."""
    for language, entry in languages().items():
        for text, wanted in ((entry["stopped"], "start"), (entry["started"], "stop")):
            words = "".join(one if one.isalnum() or plain(one) else " " for one in text).split()
            assert wanted in {meaning(word) for word in words}, language


@given(
    st.sampled_from(ALL),
    st.sampled_from(["{}", "{}!", " {} ", "«{}»", "{}…", "🛑 {} ✋🏽", "'{}.'", "{}\ufe0f", "\u200b{}"]),
    st.booleans(),
)
def test_a_word_is_found_however_it_is_typed(entry: tuple[str, str, str], frame: str, upper: bool) -> None:
    language, expected, word = entry
    found = vocabulary().meaning_of(frame.format(word.upper() if upper else word), language=language)
    assert found == Keyword("stop" if expected == "stop" else "start", language)


@pytest.mark.parametrize(
    "text",
    ["please stop by tomorrow", "Stop by at 5", "don't stop", "non stop", "cancel", "no", "Can I start on Monday?",
     "stop 5", "baja temporal", "", "🛑", "🙂", "!!!", "ok", "red", "seis", "acha", "6", "x" * 5000],
)  # fmt: skip
def test_what_only_holds_a_word_is_none(text: str) -> None:
    assert meaning(text) is None


@given(st.sampled_from(ALL), st.text(min_size=1, max_size=30), st.booleans())
def test_with_another_word_beside_it_it_is_none(entry: tuple[str, str, str], other: str, before: bool) -> None:
    assume(plain(other))
    text = f"{other} {entry[2]}" if before else f"{entry[2]} {other}"
    assume(plain(text) not in KNOWN)
    assert meaning(text) is None


@given(st.text(max_size=80))
def test_plain_is_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_a_word_of_several_languages_is_taken_in_the_tenants() -> None:
    assert vocabulary().meaning_of("STOP", language="de") == Keyword("stop", "de")
    assert vocabulary().meaning_of("STOP", language="xx") == Keyword("stop", "en")
    assert vocabulary().meaning_of("退订", language="de") == Keyword("stop", "zh")


def test_a_tenant_adds_words_and_says_it_in_its_own() -> None:
    settings = ConsentSettings(
        language="de-AT", stop_words=("Servus",), start_words=("Stop mal nicht",), stopped={"de": "Ende."}
    )
    check_words(settings)
    found = vocabulary_of(settings).meaning_of("servus!", language=settings.language)
    assert found == Keyword("stop", "de-AT")
    assert confirmation_of(found, settings) == "Ende."
    assert confirmation_of(Keyword("start", "fr"), settings).startswith("Vous recevrez")
    assert confirmation_of(Keyword("stop", "de-AT"), ConsentSettings()).startswith("Sie erhalten keine")


@pytest.mark.parametrize(
    ("stop", "start", "code", "field"),
    [
        (("genug", "!!"), (), "word_empty", "stop_words.1"),
        (("Genug",), ("weiter", "genug!"), "word_in_both", "start_words.1"),
    ],
)
def test_words_that_cannot_be_are_refused(stop: tuple[str, ...], start: tuple[str, ...], code: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_words(ConsentSettings(stop_words=stop, start_words=start))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_language_is_shortened_until_there_is_a_text() -> None:
    texts = {"pt": "p", "zh-Hant": "h", "en": "e"}
    assert in_language(texts, "pt-BR") == "p"
    assert in_language(texts, "zh-hant-TW") == "h"
    assert in_language(texts, "sv", "en-GB") == "e"
    assert in_language(texts, "sv") is None
