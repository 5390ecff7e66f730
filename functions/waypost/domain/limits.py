"""How fast one session may send (R-LIM-1, R-LIM-2, R-LIM-9): a pure answer from what it has handed over, and when.

Windows slide: however the start of a span shorter than the window is chosen, it holds at most as many hand-overs as the
limit allows. Every attempt counts, a retry and one that WhatsApp refused as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from waypost.domain.message import Lane

LimitName = Literal["per_second", "per_minute", "per_hour", "media_per_hour", "cooldown"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The defaults are R-LIM's figures for production; None switches a limit off.

    R-LIM-1: 5 messages a second, 20 a minute, 1000 an hour. R-LIM-2: 100 media an hour, which count as messages, too.
    R-LIM-9: 5000 ms between two messages, from the end of one hand-over to the beginning of the next.
    `bulk_percent` is how much of a minute and an hour the bulk lane may use up, so that a reply finds room (P3).
    `warm_up` is the share of `per_hour` in percent by the days since the account was first linked (R-SAFE-1); its steps
    are ours: no figure is published, and what is reported are bans of fresh numbers (user-pains.md, "Bans").
    """

    per_second: int | None = 5
    per_minute: int | None = 20
    per_hour: int | None = 1000
    media_per_hour: int | None = 100
    cooldown_ms: int = 5000
    bulk_percent: int = 80
    warm_up: tuple[tuple[int, int], ...] = ((0, 10), (3, 25), (7, 50), (14, 100))
    second_ms: int = 1000
    minute_ms: int = 60_000
    hour_ms: int = 3_600_000


@dataclass(frozen=True, slots=True)
class Clear:
    """It may be sent now."""


@dataclass(frozen=True, slots=True)
class NotBefore:
    """It may not be sent before `at_ms`, because of `limit`."""

    at_ms: int
    limit: str


CLEAR = Clear()


class History:
    """When a session handed messages over, as its owner remembers it: the ends of hand-overs, oldest first.

    One that is under way counts as now, because nobody knows yet when WhatsApp gets it.
    """

    def __init__(self, messages: Sequence[int] = (), media: Sequence[int] = ()) -> None:
        self.messages = sorted(messages)
        self.media = sorted(media)
        self.messages_in_hand = 0
        self.media_in_hand = 0

    def begin(self, *, media: bool = False) -> None:
        self.messages_in_hand += 1
        self.media_in_hand += media

    def end(self, now_ms: int, *, media: bool = False) -> None:
        """A hand-over is over, whatever came of it. `now_ms` never goes back."""
        self.messages_in_hand -= 1
        self.messages.append(now_ms)
        if media:
            self.media_in_hand -= 1
            self.media.append(now_ms)

    def forget(self, limits: Limits) -> None:
        """Drop what no limit asks for any more."""
        _keep_last(self.messages, max(limits.per_second or 1, limits.per_minute or 1, limits.per_hour or 1))
        _keep_last(self.media, limits.media_per_hour or 1)


def may_send_now(
    history: History, limits: Limits, now_ms: int, *, media: bool = False, lane: Lane = "interactive"
) -> Clear | NotBefore:
    """Whether the session may hand a message over now; else from when on, and which limit binds longest."""
    found: list[tuple[int, LimitName]] = [
        (_opens(history.messages, history.messages_in_hand, most, span_ms, now_ms), name)
        for name, most, span_ms in windows(limits, lane)
    ]
    if limits.cooldown_ms:
        last_ms = _opens(history.messages, history.messages_in_hand, 1, limits.cooldown_ms, now_ms)
        found.append((last_ms, "cooldown"))
    if media and limits.media_per_hour is not None:
        media_ms = _opens(history.media, history.media_in_hand, limits.media_per_hour, limits.hour_ms, now_ms)
        found.append((media_ms, "media_per_hour"))
    at_ms, name = max(found, default=(now_ms, "cooldown"))
    return CLEAR if at_ms <= now_ms else NotBefore(at_ms, name)


def limits_at_age(limits: Limits, age_days: float) -> Limits:
    """The limits of a number that was first linked so many days ago: a new one starts gently (R-SAFE-1)."""
    if limits.per_hour is None:
        return limits
    return replace(limits, per_hour=max(1, limits.per_hour * on_curve(limits.warm_up, age_days) // 100))


def on_curve(curve: Sequence[tuple[int, int]], age_days: float) -> int:
    """The value of the last step that began by this age; the first one's before that."""
    value = curve[0][1]
    for begins, step in curve:
        if age_days >= begins:
            value = step
    return value


def opening(times: Sequence[int], most: int, span_ms: int, now_ms: int) -> int:
    """From when on one more fits, where at most `most` may be in any span; at most `now_ms` when one fits now.

    A time in the future counts as now: clocks of two machines differ.
    """
    return _opens(times, 0, most, span_ms, now_ms)


def windows(limits: Limits, lane: Lane) -> list[tuple[LimitName, int, int]]:
    """Name, how many, and in which span of milliseconds, of each limit that counts a lane's messages."""
    share = 100 if lane == "interactive" else limits.bulk_percent
    found: list[tuple[LimitName, int | None, int, int]] = [
        ("per_second", limits.per_second, limits.second_ms, 100),
        ("per_minute", limits.per_minute, limits.minute_ms, share),
        ("per_hour", limits.per_hour, limits.hour_ms, share),
    ]
    return [
        (name, max(1, most * percent // 100), span_ms) for name, most, span_ms, percent in found if most is not None
    ]


def _opens(times: Sequence[int], in_hand: int, most: int, span_ms: int, now_ms: int) -> int:
    """`in_hand` of them happen now. The `most`-th last one must be a span away before the next one."""
    if most <= in_hand:
        return now_ms + span_ms
    before = most - in_hand
    return now_ms if len(times) < before else min(times[-before], now_ms) + span_ms


def _keep_last(times: list[int], count: int) -> None:
    if len(times) > 2 * count:  # not one by one: each drop moves the whole list
        del times[:-count]
