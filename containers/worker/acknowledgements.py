"""Whether WhatsApp still acknowledges what we send: who waits since when, how long it normally takes, what is too long.

One slow acknowledgement is not trouble. Trouble is that for longer than normal *nothing* was acknowledged at all. What
is normal is learnt as TCP does it (RFC 6298): the mean and the spread of the times seen, so that a slow proxy or a slow
day widens the limit by itself. A time that a remedy fell into is not learnt from (Karn's rule).
"""

from collections.abc import Callable
from dataclasses import dataclass

_GAIN, _SPREAD_GAIN = 1 / 8, 1 / 4  # RFC 6298, section 2
_SPREADS = 4
_SLOWEST = 4  # times the setting: beyond that a line is of no use to anybody


@dataclass(slots=True)
class _Waiting:
    since: float
    first: float
    disturbed: bool = False


class Acknowledgements:
    """Of one session. `clock` gives seconds and never jumps; `least` is the setting: sooner is never too late."""

    def __init__(self, clock: Callable[[], float], least: float) -> None:
        self._clock = clock
        self._least = least
        self._waiting: dict[str, _Waiting] = {}
        self._mean: float | None = None
        self._spread = 0.0
        self._heard = clock()
        self._suspected: float | None = None

    def awaited(self, message_id: str) -> None:
        """It was handed to the page. Said again, it waits since the first time."""
        now = self._clock()
        self._waiting.setdefault(message_id, _Waiting(now, now))

    def settled(self, message_id: str) -> None:
        """WhatsApp has answered for it, or it is waited for no more."""
        waited = self._waiting.pop(message_id, None)
        if waited is not None and not waited.disturbed:
            self._learn(self._clock() - waited.first)

    def dropped(self, message_id: str) -> None:
        """The page does not know it any more: it will be handed over again."""
        self._waiting.pop(message_id, None)

    def heard(self) -> None:
        """An acknowledgement came, of whatever message."""
        self._heard = self._clock()

    def restart(self) -> None:
        """Give what waits its whole time again: the page was loaded anew, the line was gone, or we were not there."""
        now = self._clock()
        for waiting in self._waiting.values():
            waiting.since, waiting.disturbed = now, True

    @property
    def outstanding(self) -> tuple[str, ...]:
        return tuple(self._waiting)

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest has waited in all; 0 when none waits."""
        first = min((waiting.first for waiting in self._waiting.values()), default=self._clock())
        return self._clock() - first

    def unresolved(self, seconds: float) -> tuple[str, ...]:
        """What has waited for so long, though others were acknowledged in the latter half of that time: the line is
        not to blame."""
        now = self._clock()
        if now - self._heard > seconds / 2:
            return ()
        return tuple(name for name, waiting in self._waiting.items() if now - waiting.first >= seconds)

    @property
    def limit(self) -> float:
        """Seconds after which an acknowledgement is missing."""
        if self._mean is None:
            return self._least
        return min(max(self._least, self._mean + _SPREADS * self._spread), self._least * _SLOWEST)

    def begin_to_doubt(self) -> bool:
        """Whether acknowledgements are missing now. Each time that it says so, what waits gets its time again."""
        since = min((waiting.since for waiting in self._waiting.values()), default=None)
        if since is None or self._clock() - max(since, self._heard) < self.limit:
            return False
        self._suspected = self._clock()
        self.restart()
        return True

    def end_doubt(self) -> bool:
        """Whether they were missing and are not any more: one came, or none is waited for. True once."""
        if self._suspected is None or (self._waiting and self._heard <= self._suspected):
            return False
        self._suspected = None
        return True

    def _learn(self, seconds: float) -> None:
        if self._mean is None:
            self._mean, self._spread = seconds, seconds / 2
        else:
            self._spread += _SPREAD_GAIN * (abs(seconds - self._mean) - self._spread)
            self._mean += _GAIN * (seconds - self._mean)
