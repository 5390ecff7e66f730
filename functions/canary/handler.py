"""Lets the canaries write to each other: every few minutes, and on a new pair at once. Trigger: a schedule, once a
minute, which finds nothing to do most of the time.
"""

from dataclasses import asdict
from typing import Any

from waypost.bootstrap import app
from waypost.domain.canary import is_due
from waypost.entities.canary import get_last_ms
from waypost.observability import logger
from waypost.services.canaries import canary_pairs
from waypost.services.canary import Doors, run


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The report of the run; empty when none was due, or nobody set canaries up."""
    parts = app()
    pairs = canary_pairs(parts.table)
    if not pairs or not is_due(pairs, get_last_ms(parts.table), parts.now_ms()):
        return {}
    seconds = parts.settings.upkeep.canary_step_seconds
    doors = Doors(parts.table, parts.engine.queues, parts.seals, parts.contacts, parts.now_ms, seconds)
    report = run(doors)
    log = logger("canary")
    (log.info if report.passed else log.error)("the canaries have run", extra=asdict(report))
    return asdict(report)
