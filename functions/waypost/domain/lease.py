"""Who may own a session, and until when (P4). Times are unix milliseconds of the owner's clock.

A lease is `LEASE_SECONDS` long and renewed every third of it. Another worker may claim a session only once the lease
ran out by *its* clock plus a margin for clocks that differ; the launcher fences by the boot clock, which never jumps.
"""

from dataclasses import dataclass

LEASE_SECONDS = 30  # equals the visibility timeout of the session's queues (decision 5)
RENEW_SECONDS = 10
CLOCK_MARGIN_SECONDS = 5  # how far two machines' clocks may differ


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


def may_claim(head: Head, now_ms: int) -> bool:
    """Whether nobody owns the session, or the owner's lease has run out beyond doubt."""
    return head.owner is None or now_ms > head.lease_until_ms + CLOCK_MARGIN_SECONDS * 1000
