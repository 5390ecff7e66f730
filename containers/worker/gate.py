"""The gate of a session: every hand-over passes through it, in both lanes (decision 5). `domain/turns.py` decides.

Who waits shortly waits here; who must wait long gets `Held` and waits in the table.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from containers.worker.allowance import Allowance, Wish
from containers.worker.patience import patiently
from waypost.domain.message import Lane
from waypost.domain.turns import SHORT_WAIT_MS, SIDE_BY_SIDE, Hold, Ticket, is_long, next_turns
from waypost.errors import StorageError

_REFRESH_SECONDS = 60.0
_LOOK_SECONDS = 1.0  # a lane that is held is looked at so often, when nothing else wakes it


class Held(Exception):
    """The message may not be sent for a while."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.reason)
        self.hold = hold


@dataclass(slots=True)
class _Visitor:
    wish: Wish
    called: asyncio.Future[None]
    step_back: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """`run` must run beside those who pass."""

    def __init__(self, allowance: Allowance, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.allowance = allowance
        self._sleep = sleep
        self._numbers = itertools.count()
        self._waiting: dict[Ticket, _Visitor] = {}
        self._pacing: dict[Ticket, _Visitor] = {}
        self._handing = 0
        self._loaded = asyncio.Event()
        self._broken: StorageError | None = None
        self._changed = asyncio.Event()
        self._refresh = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Until cancelled: read what earlier owners did, then what others change. Raises an engine's error, as whoever
        waits to pass does then."""
        try:
            await patiently(self.allowance.load)
        except StorageError as error:
            self._broken = error
            raise
        finally:
            self._loaded.set()
        while True:
            try:
                async with asyncio.timeout(_REFRESH_SECONDS):
                    await self._refresh.wait()
            except TimeoutError:
                pass
            self._refresh.clear()
            await patiently(self.allowance.refresh)
            self.look()

    def refresh(self) -> None:
        """Somebody may have changed what holds us."""
        self._refresh.set()

    async def pass_through[T](
        self, wish: Wish, *, pace: Callable[[], Awaitable[None]], deliver: Callable[[int], Awaitable[T]]
    ) -> T:
        """Wait for the turn, let `pace` read and type, then, when every limit allows it, `deliver` with the time of the
        hand-over. `pace` is cancelled when somebody goes first, and done again. Raises Held, and what they raise."""
        await self._ready()
        ticket = Ticket(next(self._numbers), wish.lane, wish.media, wish.plan.total_ms)
        try:
            while True:
                visitor = await self._turn(ticket, wish)
                if await self._paced(visitor, pace):
                    break
                del self._pacing[ticket]
            await self._until_clear(wish)
            del self._pacing[ticket]
            return await self._hand_over(wish, deliver)
        finally:
            self._waiting.pop(ticket, None)
            self._pacing.pop(ticket, None)
            self.look()

    async def admits(self, lane: Lane) -> None:
        """Wait until another message of the lane would find room here before long."""
        await self._ready()
        while not self._has_room(lane):
            self._changed.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def holds_back(self, lane: Lane) -> Hold | None:
        """What keeps all of a lane waiting for long."""
        hold = self.allowance.lane_hold(lane)
        return hold if hold is not None and is_long(hold, self.allowance.now_ms()) else None

    def look(self) -> None:
        """See whose turn it is: after every change, and when the next wait is over."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now_ms, everybody = self.allowance.now_ms(), self._waiting
        turns = next_turns(
            tuple(everybody), tuple(self._pacing), self._handing,
            limits=self.allowance.limits,
            verdict=lambda ticket: self.allowance.verdict(everybody[ticket].wish),
            now_ms=now_ms,
        )  # fmt: skip
        for ticket in turns.begin:
            self._pacing[ticket] = self._waiting.pop(ticket)
            _tell(self._pacing[ticket], None)
        for ticket, hold in turns.leave:
            _tell(self._waiting.pop(ticket), hold)
        for ticket in turns.step_back:
            self._pacing[ticket].step_back.set()
        if turns.look_again_ms is not None:
            seconds = max(turns.look_again_ms - now_ms, 1) / 1000
            self._alarm = asyncio.get_running_loop().call_later(seconds, self.look)
        self._changed.set()

    async def _ready(self) -> None:
        await self._loaded.wait()
        if self._broken is not None:
            raise self._broken

    async def _turn(self, ticket: Ticket, wish: Wish) -> _Visitor:
        visitor = _Visitor(wish, asyncio.get_running_loop().create_future())
        self._waiting[ticket] = visitor
        self.look()
        await visitor.called
        return visitor

    async def _paced(self, visitor: _Visitor, pace: Callable[[], Awaitable[None]]) -> bool:
        """False when somebody goes first."""
        if not visitor.wish.plan.total_ms and not visitor.wish.plan.seen:
            return True
        pacing = asyncio.ensure_future(pace())
        stepping = asyncio.ensure_future(visitor.step_back.wait())
        try:
            await asyncio.wait({pacing, stepping}, return_when=asyncio.FIRST_COMPLETED)
            if not pacing.done():
                return False
            pacing.result()
            return True
        finally:
            for task in (pacing, stepping):
                task.cancel()
            await asyncio.gather(pacing, stepping, return_exceptions=True)

    async def _until_clear(self, wish: Wish) -> None:
        """The exact look, at the moment of the hand-over: nothing is awaited between it and its count."""
        while (hold := self.allowance.verdict(wish)) is not None:
            now_ms = self.allowance.now_ms()
            if is_long(hold, now_ms):
                raise Held(hold)
            await self._sleep(max(hold.until_ms - now_ms, 1) / 1000)

    async def _hand_over[T](self, wish: Wish, deliver: Callable[[int], Awaitable[T]]) -> T:
        self._handing += 1
        begun_ms = self.allowance.begin(wish)
        try:
            return await deliver(begun_ms)
        finally:
            self._handing -= 1
            self.allowance.end(wish, begun_ms)

    def _has_room(self, lane: Lane) -> bool:
        if self.holds_back(lane) is not None:
            return False
        cooldown_ms = self.allowance.limits.cooldown_ms
        most = max(SHORT_WAIT_MS // cooldown_ms, 2) if cooldown_ms else SIDE_BY_SIDE
        return sum(1 for ticket in self._waiting if ticket.lane == lane) < min(most, SIDE_BY_SIDE)


def _tell(visitor: _Visitor, hold: Hold | None) -> None:
    if visitor.called.done():
        return
    if hold is None:
        visitor.called.set_result(None)
    else:
        visitor.called.set_exception(Held(hold))
