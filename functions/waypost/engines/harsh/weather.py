"""How often each thing goes wrong, and the seeded chance that decides when."""

import random
import threading
from dataclasses import dataclass

from waypost.errors import StorageError, Throttled, TransactionConflict


@dataclass(frozen=True, slots=True)
class Weather:
    """Rates from 0 to 1 a call; 0 never happens.

    `refused` and `conflict` say no and change nothing. After `lost` nobody knows: half of these calls were done, the
    others never arrived. An index and an inconsistent read show a write up to `stale_ms` later. A standard queue's
    message comes `twice`.
    """

    refused: float = 0.0
    conflict: float = 0.0
    lost: float = 0.0
    twice: float = 0.0
    stale_ms: int = 0


CALM = Weather()
CLOUDY = Weather(conflict=0.05, twice=0.1, stale_ms=40)  # what an engine that repeats refused calls lets through
ROUGH = Weather(refused=0.05, conflict=0.1, stale_ms=40)  # whoever repeats what was refused notices nothing but delay
STORM = Weather(refused=0.05, conflict=0.1, lost=0.1, twice=0.2, stale_ms=40)


class Chance:
    """One seed for all ports of an engine. `weather` may be changed while it is used."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self._random = random.Random(seed)  # noqa: S311  # bad luck, not a secret
        self._lock = threading.Lock()
        self.weather = weather

    def happens(self, rate: float) -> bool:
        with self._lock:
            return self._random.random() < rate

    def delay_ms(self) -> int:
        with self._lock:
            return self._random.randint(0, self.weather.stale_ms)

    def maybe_refuse(self) -> None:
        if self.happens(self.weather.refused):
            raise Throttled("asked for patience")

    def maybe_conflict(self) -> None:
        if self.happens(self.weather.conflict):
            raise TransactionConflict("somebody else writes there at this moment")

    def maybe_lose_request(self) -> None:
        if self.happens(self.weather.lost / 2):
            raise StorageError("no answer: it may have been done")

    def maybe_lose_answer(self) -> None:
        if self.happens(self.weather.lost / 2):
            raise StorageError("no answer: it may have been done")
