"""What a tenant has set about consent: its policy, its words, what people are told, and its privacy notice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from waypost.domain.consent import Policy

NoticeMode = Literal["none", "prefix", "separate"]
MAX_NOTICE = 2000  # characters: a message's own text is to fit beside it
MAX_WORDS = 100


@dataclass(frozen=True, slots=True)
class ConsentSettings:
    """`sessions` are sessions with a policy of their own. `language` is the tenant's, where nothing tells a person's.

    `stopped` and `started` are confirmations by language, in place of ours; `notices` the privacy notice by language.
    """

    policy: Policy = "open"
    sessions: Mapping[str, Policy] = field(default_factory=dict)
    default_purpose: str = "messages"
    language: str = "en"
    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    confirm: bool = True
    stopped: Mapping[str, str] = field(default_factory=dict)
    started: Mapping[str, str] = field(default_factory=dict)
    bulk_to_saved_only: bool = True  # R-LIM-8
    notice: NoticeMode = "none"
    notices: Mapping[str, str] = field(default_factory=dict)

    def policy_of(self, session: str) -> Policy:
        return self.sessions.get(session, self.policy)


def in_language[T](texts: Mapping[str, T], *languages: str) -> T | None:
    """The first that there is: each language exactly, then shortened from the right (`pt-BR`, `pt`)."""
    by_tag = {tag.lower(): value for tag, value in texts.items()}
    for language in languages:
        for tag in widened(language):
            if tag.lower() in by_tag:
                return by_tag[tag.lower()]
    return None


def widened(language: str) -> list[str]:
    """A BCP 47 tag and what it is shortened to: `zh-Hant-TW`, `zh-Hant`, `zh`."""
    parts = language.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
