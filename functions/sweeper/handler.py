"""Finds work that nobody was told of and nudges whoever does it. Trigger: a schedule, once a minute.

A sweep that fails is made up for by the next one.
"""

from dataclasses import asdict
from typing import Any

from waypost.bootstrap import app
from waypost.observability import logger
from waypost.services.sweeping import sweep


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """How many of each kind were nudged."""
    parts = app()
    found = asdict(sweep(table=parts.table, queues=parts.engine.queues, now_ms=parts.now_ms()))
    if any(found.values()):
        logger("sweeper").info("nudged what was left behind", extra=found)
    return found
