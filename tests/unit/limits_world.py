"""A session's sending over simulated time: the real rules, the real allowance and its log on a table in memory, and
owners that crash, move to machines whose clocks differ, see their clocks jump, and try again.

What counts is when WhatsApp got a message by the true time, which the rules never see.
"""

import heapq
import random
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from containers.worker.allowance import Allowance, Wish
from containers.worker.clock import SteadyClock
from waypost.bootstrap import App
from waypost.domain.care import Care
from waypost.domain.message import Lane
from waypost.domain.turns import Ticket, next_turns
from waypost.entities.send_log import Kind, done_write
from waypost.ports import Item, Key, Page, Put

SESSION = "ses_simulated"
HOUR_MS = 3_600_000
_START_MS = 1_800_000_000_000


class LogTable:
    """As much of a table as the log needs: partitions in the order of their sort keys."""

    def __init__(self) -> None:
        self._partitions: dict[str, list[tuple[str, Item]]] = {}

    def put(self, write: Put) -> None:
        insort(self._partitions.setdefault(str(write.item["pk"]), []), (str(write.item["sk"]), write.item))

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return None

    def query(self, pk: str, *, between: tuple[str, str], limit: int, descending: bool, cursor: str | None) -> Page:
        newest = reversed(self._partitions.get(pk, []))
        return Page([item for sk, item in _take_while(newest, between[0])][:limit], None)


def _take_while(newest: Iterator[tuple[str, Item]], least: str) -> Iterator[tuple[str, Item]]:
    for sk, item in newest:
        if sk < least:
            return
        yield sk, item


@dataclass
class Faults:
    """Chances for each hand-over, but for the last, which is for each arrival."""

    crash: float = 0.0
    refused: float = 0.0  # and tried again
    slow: float = 0.0  # up to twenty seconds
    jump: float = 0.0  # of the owner's wall clock, by up to a day


@dataclass
class World:
    """`sent` is the truth: (true time, lane, media)."""

    care: Care
    seed: int
    faults: Faults = field(default_factory=Faults)
    slowest_ms: int = 400
    sent: list[tuple[int, Lane, bool]] = field(default_factory=list)
    waited_ms: dict[Lane, list[int]] = field(default_factory=lambda: {"interactive": [], "bulk": []})

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._now = _START_MS
        self._jumped = 0
        self._table = LogTable()
        self._waiting: dict[Ticket, Wish] = {}
        self._arrived: dict[Ticket, int] = {}
        self._under_way: list[tuple[int, int, Ticket, Wish, int]] = []
        self._count = 0
        self.owners = 0
        self._begin_owner()

    def run(self, until_ms: int, *, load: dict[Lane, int], media: float = 0.1) -> None:
        """Live for so long, with never fewer than `load` messages waiting in each lane; 0: now and then a burst."""
        end = _START_MS + until_ms
        next_burst = self._now
        while self._now < end:
            for lane, least in load.items():
                have = sum(1 for ticket in self._waiting if ticket.lane == lane)
                if not least and self._now >= next_burst:
                    least = have + self._chance.randrange(1, 15)
                    next_burst = self._now + self._chance.randrange(900_000)
                for _ in range(least - have):
                    self._arrive(lane, self._chance.random() < media)
            self._step(end)

    def _arrive(self, lane: Lane, media: bool) -> None:
        if self._chance.random() < self.faults.jump:
            self._jumped = self._chance.randrange(-86_400_000, 86_400_000)
        self._count += 1
        ticket = Ticket(self._count, lane, media)
        self._waiting[ticket], self._arrived[ticket] = Wish(lane, media), self._now

    def _step(self, end: int) -> None:
        """To the next thing that happens: a hand-over ends, or the next may begin."""
        allowance = self._allowance
        turns = next_turns(
            tuple(self._waiting), (), len(self._under_way),
            limits=allowance.limits, verdict=lambda ticket: allowance.verdict(self._waiting[ticket]),
            now_ms=allowance.now_ms(),
        )  # fmt: skip
        for ticket in turns.begin:
            if allowance is self._allowance and allowance.verdict(self._waiting[ticket]) is None:
                self._hand_over(ticket)
        if allowance is not self._allowance:
            return  # a new owner looks for himself
        ends = [self._under_way[0][0]] if self._under_way else []
        holds = [hold for wish in set(self._waiting.values()) if (hold := allowance.verdict(wish)) is not None]
        ends += [self._now + hold.until_ms - allowance.now_ms() for hold in holds]
        self._now = max(min(ends, default=end), self._now + 1)
        while self._under_way and self._under_way[0][0] <= self._now:
            self._end_hand_over()

    def _hand_over(self, ticket: Ticket) -> None:
        wish = self._waiting.pop(ticket)
        self.waited_ms[ticket.lane].append(self._now - self._arrived.pop(ticket))
        at_ms = self._allowance.begin(wish)
        kinds: tuple[Kind, ...] = ("SENT", "MEDIA") if wish.media else ("SENT",)
        for kind in kinds:
            self._table.put(done_write(SESSION, kind, f"msg_{ticket.number}#{self._now}", at_ms))
        slow = self._chance.random() < self.faults.slow
        lasts_ms = self._chance.randrange(20_000 if slow else self.slowest_ms)
        got_it = self._now + self._chance.randint(0, lasts_ms)
        if self._chance.random() < self.faults.crash:
            if self._chance.random() < 0.8:
                self._note(got_it, wish)
            self._crash(lasts_ms)
            return
        self._note(got_it, wish)
        heapq.heappush(self._under_way, (self._now + lasts_ms, ticket.number, ticket, wish, at_ms))

    def _end_hand_over(self) -> None:
        _, _, ticket, wish, at_ms = heapq.heappop(self._under_way)
        self._allowance.end(wish, at_ms)
        if self._chance.random() < self.faults.refused:
            self._waiting[ticket], self._arrived[ticket] = wish, self._now

    def _note(self, at_ms: int, wish: Wish) -> None:
        self.sent.append((at_ms, wish.lane, wish.media))

    def _crash(self, lasts_ms: int) -> None:
        """The owner dies with what is under way; the next one begins when its browser is surely gone."""
        self._now = max([self._now + lasts_ms, *(ends for ends, *_ in self._under_way)])
        self._now += self._chance.randrange(60_000)
        self._under_way.clear()
        self._begin_owner()

    def _begin_owner(self) -> None:
        self.owners += 1
        self._jumped = self._chance.randrange(-2500, 2500)  # how far machines' clocks differ
        app = SimpleNamespace(settings=SimpleNamespace(care=self.care), table=self._table)
        clock = SteadyClock(lambda: self._now + self._jumped, lambda: self._now / 1000)
        self._allowance = Allowance(cast(App, app), SESSION, clock=clock)
        self._allowance.load()
        self._allowance.limits = self.care.limits  # an old number; how a new one begins is told elsewhere


def most_in_any_span(times: list[int], span_ms: int) -> int:
    """How many fall into the fullest span shorter than `span_ms`, wherever it begins."""
    ordered, first, most = sorted(times), 0, 0
    for last, at_ms in enumerate(ordered):
        while at_ms - ordered[first] >= span_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


def check_limits(world: World) -> Any:
    """Every window by the true time. Returns the counts for whoever prints them."""
    limits, everything = world.care.limits, [at_ms for at_ms, _, _ in world.sent]
    media = [at_ms for at_ms, _, is_media in world.sent if is_media]
    found = {}
    for name, times, most, span_ms in (
        ("per_second", everything, limits.per_second, limits.second_ms),
        ("per_minute", everything, limits.per_minute, limits.minute_ms),
        ("per_hour", everything, limits.per_hour, limits.hour_ms),
        ("media_per_hour", media, limits.media_per_hour, limits.hour_ms),
        ("cooldown", everything, 1 if limits.cooldown_ms else None, limits.cooldown_ms),
    ):
        if most is not None:
            found[name] = most_in_any_span(times, span_ms)
            assert found[name] <= most, (name, found[name], world.seed)
    return found
