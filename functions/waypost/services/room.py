"""What a session may still do, as far as others than its owner can know: to foresee, and to choose among a pool."""

import functools
from collections.abc import Callable

from waypost.domain.care import Care
from waypost.domain.first_contact import budget
from waypost.domain.message import Lane
from waypost.domain.outlook import Outlook
from waypost.domain.pacing import opens_at
from waypost.domain.rhythm import rhythm
from waypost.entities.send_log import newest_done
from waypost.entities.session import Session
from waypost.ports import Table
from waypost.services.pools import Room

_MANY = 10_000


def outlook_of(care: Care, now_ms: Callable[[], int], session: Session, lane: Lane) -> Outlook:
    """By the limits of an account of this age, and in its active hours."""
    pacing, pace = care.pacing, rhythm(care, _age_days(care, session, now_ms()), lane)
    if pacing.open_from is None or pacing.open_until is None:
        return Outlook(pace)
    return Outlook(pace, functools.partial(opens_at, pacing, session.identity.get("timezone") or "UTC"))


def room_of(care: Care, session: Session, *, table: Table, now_ms: Callable[[], int]) -> Room:
    """How many people it may still write to first within a day."""
    settings = care.first_contact
    if settings.per_day is None:
        return Room()
    now = now_ms()
    answers = newest_done(table, session.id, "ANSWERED", since_ms=now - settings.answers_count_ms, limit=_MANY)
    most = budget(settings, _age_days(care, session, now), len(answers))
    begun = newest_done(table, session.id, "FIRST", since_ms=now - settings.day_ms, limit=_MANY)
    return Room(first_contacts=None if most is None else max(0, most - len(begun)))


def _age_days(care: Care, session: Session, now_ms: int) -> float:
    """How long the account has been linked, by the days of the settings."""
    linked_ms = session.first_linked_ms or session.linked_ms
    return max(0, now_ms - linked_ms) / care.first_contact.day_ms if linked_ms else 0.0
