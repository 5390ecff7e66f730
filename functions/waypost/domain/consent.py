"""Whether a person may be written to: what they agreed to, what they took back, and the tenant's policy (P7).

    policy              what it asks for, beside that nobody is written to who opted out
    open                nothing more
    opted_in            consent to the message's purpose that stands now
    reply_window_24h    a message of theirs within 24 h, or an approved template
    template_only       an approved template

An opt-out (STOP, or all purposes withdrawn) and a withdrawn purpose hold under every policy, `open` too. A consent that
was given after an opt-out stands for its own purpose. Groups and the own account have no consent to give: callers ask
about persons only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Policy = Literal["open", "opted_in", "reply_window_24h", "template_only"]
Rule = Literal[
    "opted_out", "consent_withdrawn", "consent_missing", "consent_expired", "reply_window_closed", "template_required"
]

REPLY_WINDOW_MS = 24 * 3600 * 1000  # WhatsApp's customer service window (conventions.md, section 5)
MAX_PURPOSES = 50  # that one person's record has room for


@dataclass(frozen=True, slots=True)
class Consent:
    """To one purpose. Times are unix milliseconds; 0: never, for ever. `means` is how it was given, a short word.

    One that was withdrawn without ever having been given is an objection: `given_ms` is 0 then.
    """

    purpose: str
    given_ms: int = 0
    means: str = ""
    until_ms: int = 0
    withdrawn_ms: int = 0
    withdrawn_by: str = ""

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_ms > 0 and self.withdrawn_ms >= self.given_ms


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant stands with a person. `version` counts the changes; 0: nothing was ever recorded.

    `opted_out_by` is the means, `opted_out_token` names the message or request that did it, so that it is done once.
    `confirmation` is the message that told the person so, which alone may still be sent. `noticed_by` is the message
    that carried the privacy notice.
    """

    consents: Mapping[str, Consent] = field(default_factory=dict)
    opted_out_ms: int = 0
    opted_out_by: str = ""
    token: str = ""
    confirmation: str = ""
    noticed_by: str = ""
    noticed_ms: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`rule` is the stable code of the rule that said no; `mend` says what would allow it."""

    rule: Rule
    message: str
    mend: str


def is_allowed(
    policy: Policy, standing: Standing, *, purpose: str, last_inbound_ms: int, from_template: bool, now_ms: int
) -> Allowed | Refused:
    """Whether a message for `purpose` may go to a person now. `last_inbound_ms` is 0 when they never wrote."""
    consent = standing.consents.get(purpose)
    if standing.opted_out_ms and (consent is None or consent.given_ms <= standing.opted_out_ms):
        return _OPTED_OUT
    if consent is not None and consent.is_withdrawn:
        return _WITHDRAWN
    if policy == "opted_in":
        return _has_agreed(consent, now_ms)
    if policy == "reply_window_24h" and not from_template and now_ms - last_inbound_ms >= REPLY_WINDOW_MS:
        return _WINDOW_CLOSED
    if policy == "template_only" and not from_template:
        return _TEMPLATE_REQUIRED
    return Allowed()


def stands(consent: Consent, standing: Standing, now_ms: int) -> bool:
    """Whether a consent holds now: given, neither withdrawn nor followed by an opt-out, and not over."""
    return (
        consent.given_ms > standing.opted_out_ms
        and not consent.is_withdrawn
        and (consent.until_ms == 0 or now_ms < consent.until_ms)
    )


def with_consent(standing: Standing, consent: Consent) -> Standing:
    """After a consent was given. An older one than is known changes nothing: a list that is imported late must not
    undo what came after it; nor does the same one again."""
    known = standing.consents.get(consent.purpose)
    if known is not None and (
        known.given_ms > consent.given_ms
        or (known.given_ms, known.means, known.until_ms) == (consent.given_ms, consent.means, consent.until_ms)
    ):
        return standing
    kept = consent if known is None else replace(
        consent, withdrawn_ms=known.withdrawn_ms, withdrawn_by=known.withdrawn_by
    )  # fmt: skip
    return replace(standing, consents={**standing.consents, consent.purpose: kept})


def with_withdrawal(standing: Standing, purpose: str, *, by: str, at_ms: int) -> Standing:
    """After one purpose was withdrawn, or objected to. What is withdrawn already stays so."""
    known = standing.consents.get(purpose, Consent(purpose))
    if known.is_withdrawn or at_ms < known.given_ms:
        return standing
    gone = replace(known, withdrawn_ms=at_ms, withdrawn_by=by)
    return replace(standing, consents={**standing.consents, purpose: gone})


def with_opt_out(standing: Standing, *, by: str, token: str, confirmation: str, at_ms: int) -> Standing:
    """After a person wants nothing any more. Said again it changes nothing, and one that is older than the newest
    consent is no news."""
    newest = max((consent.given_ms for consent in standing.consents.values()), default=0)
    if standing.opted_out_ms >= newest and standing.opted_out_ms:
        return standing
    if at_ms < newest:
        return standing
    return replace(standing, opted_out_ms=at_ms, opted_out_by=by, token=token, confirmation=confirmation)


def with_return(standing: Standing, consent: Consent, *, token: str, confirmation: str) -> Standing:
    """After a person who had opted out wants messages again: what stood before stands again, and `consent` too."""
    if not standing.opted_out_ms or consent.given_ms < standing.opted_out_ms:
        return standing
    back = replace(standing, opted_out_ms=0, opted_out_by="", token=token, confirmation=confirmation)
    return with_consent(back, consent)


def _has_agreed(consent: Consent | None, now_ms: int) -> Allowed | Refused:
    if consent is None:
        return _MISSING
    return _EXPIRED if consent.until_ms and consent.until_ms <= now_ms else Allowed()


_RECORD = "POST /v1/contacts/{contact}/consents"
_OPTED_OUT = Refused(
    "opted_out",
    "This person has asked for no more messages.",
    f"They may write START to you, or agree anew: record that with {_RECORD}.",
)
_WITHDRAWN = Refused(
    "consent_withdrawn",
    "This person's consent to this purpose was withdrawn.",
    f"Only a new consent of theirs allows it: record it with {_RECORD}.",
)
_MISSING = Refused(
    "consent_missing",
    "The policy asks for consent, and none to this purpose is recorded for this person.",
    f"Record their consent with {_RECORD}.",
)
_EXPIRED = Refused(
    "consent_expired",
    "This person's consent to this purpose has run out.",
    f"Ask them again, and record their consent with {_RECORD}.",
)
_WINDOW_CLOSED = Refused(
    "reply_window_closed",
    "The policy allows own words only within 24 hours of this person's last message to this session.",
    "Send an approved template, or wait until they write.",
)
_TEMPLATE_REQUIRED = Refused(
    "template_required", "The policy allows approved templates only.", "Name a template instead of a text."
)
