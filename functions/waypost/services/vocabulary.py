"""The words that end and resume messages, and what people are told then: ours from the data file, and a tenant's own.

The file is for words that mean nothing else as a whole message. `cancel`, `no` or `enough` are not in it, and neither
is a word that is common in another language: they answer questions more often than they end messages. A tenant may add
them.
"""

import functools
import json
from importlib import resources
from typing import Any

from waypost.domain.consent_settings import ConsentSettings, in_language
from waypost.domain.keywords import Keyword, Vocabulary, plain
from waypost.errors import ValidationError


@functools.cache
def languages() -> dict[str, dict[str, Any]]:
    """By BCP 47 tag: `stop` and `start` words, and the confirmations `stopped` and `started`."""
    file = resources.files("waypost") / "data" / "opt_out_words.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


@functools.cache
def vocabulary() -> Vocabulary:
    words: dict[str, tuple[Keyword, ...]] = {}
    for language, entry in languages().items():
        for meaning in ("stop", "start"):
            for word in entry[meaning]:
                words[plain(word)] = (*words.get(plain(word), ()), Keyword(meaning, language))
    return Vocabulary(words)


def vocabulary_of(settings: ConsentSettings) -> Vocabulary:
    return vocabulary().extended(settings.stop_words, settings.start_words, language=settings.language)


def confirmation_of(keyword: Keyword, settings: ConsentSettings) -> str:
    """What the person is told: the tenant's own words, else ours, in the language of the word; else the tenant's."""
    own, name = (settings.stopped, "stopped") if keyword.meaning == "stop" else (settings.started, "started")
    ours = {language: str(entry[name]) for language, entry in languages().items()}
    tags = (keyword.language, settings.language)
    return in_language(own, *tags) or in_language(ours, *tags) or ours["en"]


def check_words(settings: ConsentSettings) -> None:
    """Raises ValidationError `word_empty` for a word without a letter, `word_in_both` for one that means both."""
    meanings: dict[str, str] = {}
    for field, words in (("stop_words", settings.stop_words), ("start_words", settings.start_words)):
        for position, word in enumerate(words):
            known = meanings.setdefault(plain(word), field)
            if not plain(word) or known != field:
                raise ValidationError(
                    "This word is in both lists." if plain(word) else "This word has no letters.",
                    field=f"{field}.{position}",
                    mend="Leave it out of one of them." if plain(word) else "Give a word that people may write.",
                    code="word_in_both" if plain(word) else "word_empty",
                )
