"""What a person does around a message: reads what came in, types, and keeps hours (R-SAFE-1).

A plan is made from the message's own id, so that a crash repeats the same one. It only slows down and shows what
WhatsApp itself shows of a person: nothing is hidden, and nothing pretends to be another device.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SKIPPED_MS = 5  # shorter than this is not worth a call to the page


@dataclass(frozen=True, slots=True)
class Pacing:
    """Delays in milliseconds, before the spread.

    Reading: 40 ms a character is an adult's 250 words a minute. Typing: people type 36 words a minute on a phone, 330
    ms a character (Palin et al. 2019); they also paste and have texts ready, and 8 s of typing is what a queue can
    bear, so it is 60 ms a character, at most 8 s. WhatsApp ends an indicator by itself after 25 s (conventions.md).
    `spread` is the sigma of the log-normal factor on each delay; the factor stays between a half and two.
    `open_from` and `open_until` are hours of the session's own time zone, None: always. Within `reply_ms` after
    somebody wrote, an interactive message to him goes at any hour: he is awake.
    """

    seen: bool = True
    read_least_ms: int = 700
    read_ms_per_character: int = 40
    read_most_ms: int = 4000
    type_least_ms: int = 800
    type_ms_per_character: int = 60
    type_most_ms: int = 8000
    spread: float = 0.35
    open_from: int | None = 8
    open_until: int | None = 21
    reply_ms: int = 3_600_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Mark the chat as read when `seen`, wait `read_ms`, show typing for `type_ms`, send."""

    seen: bool
    read_ms: int
    type_ms: int

    @property
    def total_ms(self) -> int:
        return self.read_ms + self.type_ms


AT_ONCE = Plan(False, 0, 0)


def plan_for(pacing: Pacing, message_id: str, *, unread_characters: int | None, characters: int) -> Plan:
    """`unread_characters` is how much came in that we have not read, None when nothing did; `characters` is the length
    of what we send."""
    chance = random.Random(message_id)  # noqa: S311  # to be repeatable is its purpose
    read_ms = type_ms = 0
    if unread_characters is not None:
        reading = pacing.read_least_ms + pacing.read_ms_per_character * unread_characters
        read_ms = _vary(min(reading, pacing.read_most_ms), pacing.spread, chance)
    type_ms = _vary(typing_ms(pacing, characters), pacing.spread, chance)
    return Plan(pacing.seen and unread_characters is not None, read_ms, type_ms)


def typing_ms(pacing: Pacing, characters: int) -> int:
    """How long typing a text takes, before the spread."""
    return min(pacing.type_least_ms + pacing.type_ms_per_character * characters, pacing.type_most_ms)


def opens_at(pacing: Pacing, timezone: str, now_ms: int) -> int:
    """When the session's active hours begin, in unix milliseconds; `now_ms` while they last."""
    if pacing.open_from is None or pacing.open_until is None:
        return now_ms
    now = datetime.fromtimestamp(now_ms / 1000, _zone(timezone))
    if _is_open(pacing.open_from, pacing.open_until, now.hour):
        return now_ms
    # Hour by hour by the wall, so that a change to summer time moves nothing.
    day = now if now.hour < pacing.open_from else now + timedelta(days=1)
    return int(day.replace(hour=pacing.open_from, minute=0, second=0, microsecond=0, fold=0).timestamp() * 1000)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        return UTC


def _is_open(begins: int, ends: int, hour: int) -> bool:
    """`ends` before `begins` means across midnight; the same hour twice, always."""
    if begins == ends:
        return True
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends


def _vary(delay_ms: int, spread: float, chance: random.Random) -> int:
    factor = min(max(chance.lognormvariate(0, spread), 0.5), 2.0)
    varied = round(delay_ms * factor)
    return 0 if varied < _SKIPPED_MS else varied
