"""What one session may do now: its limits, budgets and holds, read from the table when its owner begins (P8)."""

from dataclasses import dataclass

from containers.worker.clock import SteadyClock
from containers.worker.page import CALL_S
from waypost.bootstrap import App
from waypost.domain.first_contact import budget, may_begin, may_check
from waypost.domain.lease import CLOCK_MARGIN_SECONDS
from waypost.domain.limits import Clear, History, NotBefore, limits_at_age, may_send_now
from waypost.domain.message import Lane
from waypost.domain.pacing import AT_ONCE, Plan, opens_at
from waypost.domain.turns import Hold
from waypost.entities.send_log import Kind, newest_done
from waypost.entities.session import get_session

# What an earlier owner noted may have reached WhatsApp so much later, by a clock that differs from ours.
_LATE_MS = int(CALL_S * 1000) + CLOCK_MARGIN_SECONDS * 1000
_MARGIN_MS = 1000  # WhatsApp's clock is not ours
_AGAIN_MS = 60_000
_MANY = 10_000  # of what counts towards a budget of a day or a week


@dataclass(frozen=True, slots=True)
class Wish:
    """A message that wants to be handed over. `first`: to somebody who never answered; `awake`: he wrote just now;
    `promised`: it waited for its place in the first-contact budget, and its time came."""

    lane: Lane
    media: bool = False
    first: bool = False
    awake: bool = False
    promised: bool = False
    plan: Plan = AT_ONCE


class Allowance:
    """Of one session under one owner. `clock` gives unix milliseconds that only grow."""

    def __init__(self, app: App, session_id: str, *, clock: SteadyClock) -> None:
        self.now_ms = clock
        self.restricted_until_ms = 0
        self.limits = limits_at_age(app.settings.care.limits, 0)
        self._app = app
        self._session = session_id
        self._care = app.settings.care
        self._history = History()
        self._first: list[int] = []
        self._asked: list[int] = []
        self._answers: list[int] = []
        self._promises: list[int] = []
        self._age_days = 0.0
        self._timezone = "UTC"

    def load(self) -> None:
        """Read what earlier owners did. Once, before anything is sent."""
        now_ms, care = self.now_ms(), self._care
        limits = care.limits
        most = max(limits.per_second or 1, limits.per_minute or 1, limits.per_hour or 1)
        sent = self._read("SENT", limits.hour_ms, most)
        media = self._read("MEDIA", limits.hour_ms, limits.media_per_hour or 1)
        self._history = History(_ages(sent, now_ms), _ages(media, now_ms))
        self._first = _ages(self._read("FIRST", care.first_contact.day_ms), now_ms)
        self._asked = _ages(self._read("ASKED", care.first_contact.day_ms), now_ms)
        self.refresh()

    def refresh(self) -> None:
        """Read what others may have changed: the session's record and its answers."""
        session = get_session(self._app.table, self._session)
        if session is None:
            return
        linked_ms = session.first_linked_ms or session.linked_ms
        self._age_days = max(self.now_ms() - linked_ms, 0) / self._care.first_contact.day_ms if linked_ms else 0.0
        self.restricted_until_ms = session.restricted_until_ms
        self._timezone = session.identity.get("timezone") or "UTC"
        self.limits = limits_at_age(self._care.limits, self._age_days)
        if self._care.first_contact.per_day is not None:
            self._answers = self._read("ANSWERED", self._care.first_contact.answers_count_ms)

    @property
    def needs_standing(self) -> bool:
        """Whether it matters how the session stands with somebody, which costs a look at the table and at the page."""
        pacing = self._care.pacing
        held = self.restricted_until_ms > self.now_ms()
        return held or pacing.seen or pacing.open_from is not None or self._care.first_contact.per_day is not None

    def verdict(self, wish: Wish) -> Hold | None:
        """What holds a message, and until when; None: it may be handed over now."""
        holds = [self.lane_hold(wish.lane, media=wish.media)]
        if wish.lane == "interactive" and not wish.awake:
            holds.append(self._closed(whole_lane=False))
        if wish.first:
            holds += [self._restricted(), self._first_contact(wish)]
        return max((hold for hold in holds if hold is not None), key=lambda hold: hold.until_ms, default=None)

    def lane_hold(self, lane: Lane, *, media: bool = False) -> Hold | None:
        """What holds a lane, whatever is sent."""
        now_ms = self.now_ms()
        closed = self._closed(whole_lane=True) if lane == "bulk" else None
        if closed is not None:
            return closed
        answer = may_send_now(self._history, self.limits, now_ms, media=media, lane=lane)
        if isinstance(answer, Clear):
            return None
        return Hold(answer.at_ms, answer.limit, whole_lane=answer.limit != "media_per_hour")

    def may_ask(self) -> Hold | None:
        """Whether WhatsApp may be asked once more if somebody is there."""
        return _hold(may_check(self._asked, self._care.first_contact, self.now_ms()))

    def ask(self) -> int:
        """A question is asked. Its time, for the record."""
        now_ms = self.now_ms()
        self._asked.append(now_ms)
        return now_ms

    def answered(self) -> None:
        """Somebody answered for the first time: the budget grows."""
        self._answers.append(self.now_ms())

    def set_aside(self, hold: Hold) -> None:
        """A message was told to come back then: the first messages after it get later places."""
        if hold.reason == "first_contact":
            now_ms = self.now_ms()
            self._promises = [promise for promise in self._promises if promise > now_ms] + [hold.until_ms]

    def restrict(self, until_ms: int | None) -> Hold:
        """WhatsApp refused a new chat, and perhaps said until when."""
        now_ms = self.now_ms()
        if until_ms is not None:
            # One that is over and refuses all the same is not asked again and again.
            self.restricted_until_ms = until_ms + _MARGIN_MS if until_ms > now_ms else now_ms + _AGAIN_MS
        elif self.restricted_until_ms <= now_ms:
            self.restricted_until_ms = now_ms + int(self._app.settings.upkeep.restricted_seconds * 1000)
        return Hold(self.restricted_until_ms, "restricted")

    def begin(self, wish: Wish) -> int:
        """A hand-over begins. Its time, for the record."""
        now_ms = self.now_ms()
        self._history.begin(media=wish.media)
        if wish.first:
            self._first.append(now_ms)
        return now_ms

    def end(self, wish: Wish, begun_ms: int) -> None:
        """It is over, whatever came of it."""
        now_ms = self.now_ms()
        self._history.end(now_ms, media=wish.media)
        self._history.forget(self.limits)
        if wish.first:
            self._first.remove(begun_ms)
            self._first.append(now_ms)

    def _closed(self, *, whole_lane: bool) -> Hold | None:
        now_ms = self.now_ms()
        at_ms = opens_at(self._care.pacing, self._timezone, now_ms)
        return None if at_ms <= now_ms else Hold(at_ms, "active_hours", whole_lane=whole_lane)

    def _restricted(self) -> Hold | None:
        return None if self.restricted_until_ms <= self.now_ms() else Hold(self.restricted_until_ms, "restricted")

    def _first_contact(self, wish: Wish) -> Hold | None:
        now_ms, settings = self.now_ms(), self._care.first_contact
        recent = sum(1 for at_ms in self._answers if at_ms > now_ms - settings.answers_count_ms)
        most = budget(settings, self._age_days, recent)
        ahead = 0 if wish.promised else sum(1 for promise in self._promises if promise > now_ms)
        return _hold(may_begin(self._first, most, settings, now_ms, ahead=ahead))

    def _read(self, kind: Kind, span_ms: int, limit: int = _MANY) -> list[int]:
        since_ms = self.now_ms() - span_ms - _LATE_MS
        found = newest_done(self._app.table, self._session, kind, since_ms=since_ms, limit=limit)
        return [one.at_ms for one in found]


def _ages(done: list[int], now_ms: int) -> list[int]:
    return [min(at_ms + _LATE_MS, now_ms) for at_ms in done]


def _hold(answer: Clear | NotBefore) -> Hold | None:
    return None if isinstance(answer, Clear) else Hold(answer.at_ms, answer.limit)
