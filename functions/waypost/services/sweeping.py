"""Finding what nobody was told of: lost messages leave traces in the table, and a sweep sends them again.

Everything it sends is a nudge, so that a sweep too many changes nothing. What cannot wait comes first.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waypost.domain.lease import Head, may_claim
from waypost.domain.media import UPLOAD_MS
from waypost.entities.bulk import list_open_runs
from waypost.entities.head import get_head, list_running
from waypost.entities.media import Media, begun_uploads, unsettled_media
from waypost.entities.session import get_session, list_sessions
from waypost.entities.subscription import list_subscriptions
from waypost.entities.tenant import list_tenants
from waypost.entities.webhook import Endpoint, list_endpoints
from waypost.entities.webhook_lane import overdue_lanes
from waypost.ports import Queue, Queues, Table
from waypost.services.bulk_runs import nudge_run
from waypost.services.key_watch import KeyWatch
from waypost.services.nudges import nudge_again
from waypost.services.pool_moves import is_lost, nudge_gone, pools_of, waits
from waypost.services.sessions import announce
from waypost.services.sleeping import wake_due
from waypost.services.webhook_fanout import lags
from waypost.services.webhook_nudges import nudge_fan_out, nudge_lane

OVERDUE_MS = 60_000  # a lane whose time came a minute ago has lost its message, or has one that waits in the queue


@dataclass(frozen=True, slots=True)
class Found:
    """How many of each were nudged; `woken` are sessions whose sleep is over."""

    woken: int
    sessions: int
    lanes: int
    subscriptions: int
    endpoints: int
    runs: int
    pools: int
    media: int = 0


def sweep(*, table: Table, queues: Queues, now_ms: int) -> Found:
    woken = wake_due(table=table, queues=queues, now_ms=now_ms)
    sessions = _announce_unowned(table, queues, now_ms)
    lanes = _nudge_lanes(table, queues, now_ms)
    runs = _nudge_runs(table, queues)
    subscriptions = endpoints = pools = 0
    watch = KeyWatch()
    for tenant, _ in list_tenants(table):
        pools += _nudge_pools(tenant, table, queues)
        hooks = list_endpoints(table, tenant)
        for head in _heads(table, tenant):
            subscriptions += _nudge_subscribers(head, watch, table, queues, now_ms)
            endpoints += _nudge_endpoints(head, hooks, table, queues)
    return Found(woken, sessions, lanes, subscriptions, endpoints, runs, pools, _nudge_media(table, queues, now_ms))


def _nudge_media(table: Table, queues: Queues, now_ms: int) -> int:
    """Files whose message was lost, whom a try that died left behind, or whose messages were not woken; and uploads
    that are never completed."""
    found = [*unsettled_media(table, now_ms - OVERDUE_MS), *begun_uploads(table, now_ms - UPLOAD_MS)]
    left = [one for one in found if one.claimed_until_ms < now_ms]
    fetched = [one for one in left if one.state == "fetching"]
    here = [one for one in left if one.state != "fetching"]
    return _nudge_files(fetched, queues.queue("fetches")) + _nudge_files(here, queues.queue("media"))


def _nudge_files(left: Sequence[Media], queue: Queue) -> int:
    """Unless as many messages wait already: more would only pile up."""
    if not left or queue.depth() >= len(left):
        return 0
    for media in left:
        queue.send(json.dumps({"media": media.id}))
    return len(left)


def _announce_unowned(table: Table, queues: Queues, now_ms: int) -> int:
    """Sessions that should run and whose lease ran out, or was given up and nobody took it."""
    unowned = [head for head in list_running(table) if may_claim(head, now_ms)]
    # As many announcements as sessions wait already: workers are busy or away, and more would only pile up.
    if not unowned or queues.queue("claims").depth() >= len(unowned):
        return 0
    for head in unowned:
        announce(head.session, queues=queues)
    return len(unowned)


def _nudge_runs(table: Table, queues: Queues) -> int:
    """Bulk runs with rows left, unless as many messages wait already."""
    left = list_open_runs(table)
    if not left or queues.queue("runs").depth() >= len(left):
        return 0
    for run in left:
        nudge_run(run, queues=queues)
    return len(left)


def _nudge_pools(tenant: str, table: Table, queues: Queues) -> int:
    """Sessions that are gone, and in which something of a pool may still wait."""
    members = {session for pool in pools_of(table, tenant) if pool.policy == "move" for session in pool.sessions}
    gone = [session for session in sorted(members) if is_lost(get_session(table, session)) and waits(table, session)]
    for session in gone:
        nudge_gone(session, tenant, queues=queues)
    return len(gone)


def _nudge_lanes(table: Table, queues: Queues, now_ms: int) -> int:
    count = 0
    for lane in overdue_lanes(table, now_ms - OVERDUE_MS):
        nudge_lane(lane, queues=queues)
        count += 1
    return count


def _nudge_subscribers(head: Head, watch: KeyWatch, table: Table, queues: Queues, now_ms: int) -> int:
    """One nudge serves all of a session's subscribers, and ends those whose API key was revoked."""
    newest = (head.generation, head.number)
    behind = [
        s
        for s in list_subscriptions(table, head.session)
        if not s.confirmed or (s.generation, s.number) < newest or watch.is_revoked(table, s.key)
    ]
    if behind:
        nudge_again(head.session, queues=queues, unique=f"sweep-{now_ms}")
    return len(behind)


def _nudge_endpoints(head: Head, hooks: list[Endpoint], table: Table, queues: Queues) -> int:
    """One nudge serves all of a session's endpoints."""
    behind = sum(lags(endpoint, head, table=table) for endpoint in hooks)
    if behind:
        nudge_fan_out(head.session, head.number, queues=queues)
    return behind


def _heads(table: Table, tenant: str) -> Iterator[Head]:
    """Of all its sessions, also of those that do not run: the API appends to their logs too."""
    cursor: str | None = None
    while True:
        sessions, cursor = list_sessions(table, tenant, limit=500, cursor=cursor)
        for session in sessions:
            head = get_head(table, session.id)
            if head is not None and head.number:
                yield head
        if cursor is None:
            return
