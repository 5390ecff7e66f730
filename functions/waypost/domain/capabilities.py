"""What a session still can do when WhatsApp misbehaves: each capability is judged by its own last outcomes (R-ERR).

One failing chat says nothing of the session, so a capability is degraded when the last tries to several chats failed
on WhatsApp's side and nothing of its kind got through in between. One success heals it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeIs, get_args

from waypost.domain.contents import has_media
from waypost.domain.failures import Failure

Capability = Literal["text", "media", "groups"]

CHATS_THAT_FAIL = 3  # different chats in a row, before it is called the session's trouble and not theirs


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of one capability since its last success: in which chats it failed, and the last failure's code."""

    failed_in: frozenset[str] = frozenset()
    code: str | None = None

    @property
    def degraded(self) -> bool:
        return len(self.failed_in) >= CHATS_THAT_FAIL


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Of one session. A capability that was not tried works as far as anybody knows."""

    outcomes: Mapping[Capability, Outcomes] = field(default_factory=dict)

    @classmethod
    def known(cls, degraded: Mapping[str, str]) -> "Capabilities":
        """As an earlier owner left it: degraded until something gets through."""
        chats = frozenset(f"earlier-{number}" for number in range(CHATS_THAT_FAIL))
        return cls({name: Outcomes(chats, code) for name, code in degraded.items() if _is_capability(name)})

    def worked(self, capability: Capability) -> "Capabilities":
        return Capabilities({**self.outcomes, capability: Outcomes()})

    def failed(self, capability: Capability, chat: str, failure: Failure) -> "Capabilities":
        """Only what WhatsApp itself could not do counts: not a wrong number, a rule, or a lost line."""
        if failure.category != "whatsapp_api":
            return self
        before = self.outcomes.get(capability, Outcomes())
        after = replace(before, failed_in=before.failed_in | {chat}, code=failure.code)
        return Capabilities({**self.outcomes, capability: after})

    def degraded(self) -> dict[Capability, str]:
        """What does not work, with the code of the last failure."""
        return {name: seen.code or "unknown" for name, seen in self.outcomes.items() if seen.degraded}


def _is_capability(name: str) -> TypeIs[Capability]:
    return name in get_args(Capability)


def capability_of(kind: str, *, group: bool) -> Capability:
    """What sending a message needs. `kind` is the message's."""
    if has_media(kind):
        return "media"
    return "groups" if group else "text"
