"""How many messages may go to people who never answered, and how often WhatsApp may be asked who exists (decision 12).

Accounts were banned for 15 to 20 messages a day to strangers (Baileys 1983), and for checking numbers in bulk
(Evolution 2228); WhatsApp itself caps messages to people who do not answer (user-pains.md, "463"). Replies are no
concern of these budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.domain.limits import CLEAR, Clear, NotBefore, on_curve, opening

_ANSWER_DAYS = 7


@dataclass(frozen=True, slots=True)
class FirstContact:
    """`per_day` is the budget of any 24 hours by the days since the account was first linked; None switches it off.

    The figures stay below a third of what got a number banned (Baileys 1983) in its first week and reach that number
    after a month; beyond, they are our guess. `percent_per_answer`: each person who answered for the first time within
    the last seven days earns that share of a message more, up to twice the curve's value: answers are what
    tells a conversation from spam. `checks_per_hour` and `checks_per_day` are for questions whether a number is on
    WhatsApp; a first message asks one, and answers are kept for a day.
    """

    per_day: tuple[tuple[int, int], ...] | None = ((0, 5), (7, 10), (14, 15), (30, 20), (90, 40))
    percent_per_answer: int = 50
    checks_per_hour: int | None = 20
    checks_per_day: int | None = 80
    hour_ms: int = 3_600_000
    day_ms: int = 86_400_000

    @property
    def answers_count_ms(self) -> int:
        """For how long an answer earns something."""
        return _ANSWER_DAYS * self.day_ms


def budget(settings: FirstContact, age_days: float, answers: int) -> int | None:
    """Messages to people who never answered in any 24 hours; None: as many as you like."""
    if settings.per_day is None:
        return None
    least = on_curve(settings.per_day, age_days)
    return least + min(least, answers * settings.percent_per_answer // 100)


def may_begin(
    sent: Sequence[int], most: int | None, settings: FirstContact, now_ms: int, *, ahead: int = 0
) -> Clear | NotBefore:
    """Whether one more message may go to somebody who never answered, `ahead` others having been promised room before
    it. `sent` are the times of the earlier ones, oldest first."""
    if most is None:
        return CLEAR
    day_ms = settings.day_ms
    if most <= 0:
        return NotBefore(now_ms + day_ms, "first_contact")
    rounds, place = divmod(ahead, most)
    # Of the last `most`, the ones that leave the day first give their room to those ahead.
    before = most - place
    at_ms = now_ms if len(sent) < before else max(now_ms, min(sent[-before], now_ms) + day_ms)
    at_ms += rounds * day_ms
    return CLEAR if at_ms <= now_ms else NotBefore(at_ms, "first_contact")


def may_check(asked: Sequence[int], settings: FirstContact, now_ms: int) -> Clear | NotBefore:
    """Whether WhatsApp may be asked once more who is there. `asked` are the times of earlier questions of a day."""
    at_ms = now_ms
    windows = ((settings.checks_per_hour, settings.hour_ms), (settings.checks_per_day, settings.day_ms))
    for most, span_ms in windows:
        if most is not None:
            at_ms = max(at_ms, opening(asked, most, span_ms, now_ms))
    return CLEAR if at_ms <= now_ms else NotBefore(at_ms, "existence")
