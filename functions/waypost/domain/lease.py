"""Who may own a session, and until when (P4). Times are unix milliseconds of the owner's clock.

A lease is `LEASE_SECONDS` long and renewed every third of it. Another worker may claim a session only once the lease
ran out by *its* clock plus a margin for clocks that differ; the launcher fences by the boot clock, which never jumps.
Settings may make both shorter for a run of tests, whose workers share one clock.
"""

from dataclasses import dataclass

LEASE_SECONDS = 30  # equals the visibility timeout of the session's queues (decision 5)
RENEW_SECONDS = 10
CLOCK_MARGIN_SECONDS = 5  # how far two machines' clocks may differ


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease holds, and how long others wait beyond its end. Seconds."""

    lease_seconds: float = LEASE_SECONDS
    margin_seconds: float = CLOCK_MARGIN_SECONDS

    @property
    def renew_seconds(self) -> float:
        return self.lease_seconds / 3

    @property
    def lease_ms(self) -> int:
        return round(self.lease_seconds * 1000)

    @property
    def margin_ms(self) -> int:
        return round(self.margin_seconds * 1000)


TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a session's log and its lease: one item, so that an append can be conditional on both."""

    session: str
    tenant: str
    epoch: int = 0
    owner: str | None = None
    lease_until_ms: int = 0
    generation: int = 1
    number: int = 0  # of the newest event


def may_claim(head: Head, now_ms: int, terms: Terms = TERMS) -> bool:
    """Whether nobody owns the session, or the owner's lease has run out beyond doubt."""
    return head.owner is None or now_ms > head.lease_until_ms + terms.margin_ms


def ms_until_claimable(head: Head, now_ms: int, terms: Terms = TERMS) -> int:
    """How long a lease that nobody renews keeps others away; 0 when the session may be claimed now."""
    return 0 if may_claim(head, now_ms, terms) else head.lease_until_ms + terms.margin_ms + 1 - now_ms
