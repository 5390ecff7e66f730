"""Whether a whole message is a word that ends or resumes messages: STOP, Baja, Отписаться, 退订 …

A message is compared without case, accents, punctuation and emoji, and only as a whole: "Stop!" is one, "please stop by
tomorrow" is not.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

MAX_WORD = 64  # characters; longer messages are not looked at

Meaning = Literal["stop", "start"]


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a message means, and the language of the word."""

    meaning: Meaning
    language: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words in their plain form, each with what it means; a word of several languages has one keyword for each."""

    words: Mapping[str, tuple[Keyword, ...]]

    def meaning_of(self, text: str, *, language: str) -> Keyword | None:
        """`language` is preferred where the word is one of several languages."""
        if len(text) > MAX_WORD:
            return None
        found = self.words.get(plain(text), ())
        return next((word for word in found if word.language == language), found[0] if found else None)

    def extended(self, stop: Iterable[str], start: Iterable[str], *, language: str) -> "Vocabulary":
        """With a tenant's own words, which win over ours."""
        own: dict[str, tuple[Keyword, ...]] = {plain(word): (Keyword("start", language),) for word in start}
        own |= {plain(word): (Keyword("stop", language),) for word in stop}
        return Vocabulary({**self.words, **own}) if own else self


def plain(text: str) -> str:
    """Lower case, without accents, punctuation, emoji and needless blanks. The same again when it is done again."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(_kept(one) for one in folded)
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def _kept(one: str) -> str:
    if "\u0300" <= one <= "\u036f":  # accents of Latin, Greek and Cyrillic; other scripts' marks are letters
        return ""
    if one == "ı":  # noqa: RUF001  # Turkish has two, and only one of them has a capital that leads back
        return "i"
    category = unicodedata.category(one)
    if category[0] in "LN" or category in ("Mn", "Mc"):
        return "" if "\ufe00" <= one <= "\ufe0f" else one  # what follows an emoji
    return "" if category == "Cf" or one in "'’" else " "  # noqa: RUF001  # both apostrophes are meant
