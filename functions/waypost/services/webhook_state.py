"""How an endpoint is doing: what it is owed, since when, and how its latest posts went."""

from dataclasses import dataclass
from typing import Literal

from waypost.entities.webhook import Endpoint
from waypost.entities.webhook_health import get_health
from waypost.entities.webhook_lane import count_owed
from waypost.entities.webhook_log import summary
from waypost.ports import Table
from waypost.services.webhook_lanes import SILENCES_ALLOWED

COUNTED = 1000  # what is owed is counted up to here

# active    it takes what it is posted
# failing   something is owed to it, and the latest post was not taken
# silent    it gives no answer: one event at a time is tried
# disabled  nothing is posted
type Condition = Literal["active", "failing", "silent", "disabled"]


@dataclass(frozen=True, slots=True)
class EndpointState:
    """`pending` is COUNTED when it is that or more. Times are None when there was none."""

    condition: Condition
    pending: int
    oldest_pending_ms: int | None
    delivered_ms: int | None
    failed_ms: int | None
    error: str | None


def state_of(endpoint: Endpoint, table: Table) -> EndpointState:
    pending, oldest_ms = count_owed(table, endpoint.id, at_most=COUNTED)
    posts, health = summary(table, endpoint.id), get_health(table, endpoint.id)
    condition: Condition = "active"
    if endpoint.disabled is not None:
        condition = "disabled"
    elif health is not None and health.silences >= SILENCES_ALLOWED:
        condition = "silent"
    elif pending and posts.failed_ms > posts.delivered_ms:
        condition = "failing"
    return EndpointState(
        condition=condition,
        pending=pending,
        oldest_pending_ms=oldest_ms,
        delivered_ms=posts.delivered_ms or None,
        failed_ms=posts.failed_ms or None,
        error=posts.error,
    )
