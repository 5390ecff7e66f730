"""Finds work that nobody was told of and nudges whoever does it. Trigger: a schedule, once a minute.

A sweep that fails is made up for by the next one.
"""

from dataclasses import asdict
from typing import Any

from waypost.bootstrap import app
from waypost.domain.drops import KEPT_MS
from waypost.observability import logger
from waypost.services.expiring import expire_overdue
from waypost.services.relinking import look_after_links
from waypost.services.sweeping import sweep

_LINKS_MINUTES = 10  # links last for days
_DROP_MINUTES = 60  # what lies in the drop may lie there for a day


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """How many of each kind were nudged."""
    parts = app()
    now_ms, queues = parts.now_ms(), parts.engine.queues
    found = asdict(sweep(table=parts.table, queues=queues, now_ms=now_ms))
    if now_ms // 60_000 % _LINKS_MINUTES == 0:
        policy = parts.relinking
        links = look_after_links(table=parts.table, queues=queues, seals=parts.seals, policy=policy, now_ms=now_ms)
        found |= {"links": links} if links else {}
    expired = expire_overdue(
        table=parts.table, queues=queues, seals=parts.seals, contacts=parts.contacts,
        longest_wait_ms=parts.settings.care.longest_wait_ms, now_ms=now_ms,
    )  # fmt: skip
    found |= {"expired": expired} if expired else {}
    if now_ms // 60_000 % _DROP_MINUTES == 0:
        emptied = parts.engine.drops.empty(now_ms - KEPT_MS)
        found |= {"dropped": emptied} if emptied else {}
    if any(found.values()):
        logger("sweeper").info("nudged what was left behind", extra=found)
    return found
