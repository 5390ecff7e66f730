"""Whether a session is idle: nothing came or went for long (R-LIM-5), and nothing waits that could be done soon."""

import time

from containers.worker.patience import patiently
from containers.worker.readiness import Readiness
from containers.worker.vitals import Vitals
from waypost.bootstrap import App
from waypost.services.sleeping import next_wake_ms, next_work_ms

_LOOK_SECONDS = 30.0  # between looks at the table, while a session is idle but for what waits
_NAP_SECONDS = 600.0  # for less it is not worth closing a browser


class Idling:
    """Of one session. `wake_ms` is when it wakes by itself, once it was found to be idle; unix milliseconds."""

    def __init__(self, app: App, session_id: str, vitals: Vitals, readiness: Readiness) -> None:
        self.wake_ms = 0
        self._app = app
        self._session = session_id
        self._upkeep = app.settings.upkeep
        self._vitals = vitals
        self._readiness = readiness
        self._ready_since: float | None = None
        self._looked = float("-inf")

    async def is_idle(self) -> bool:
        """Ask once a second: a session that woke stays for a while, to fetch what came in."""
        now = time.monotonic()
        if not self._readiness.is_open:
            self._ready_since = None
            return False
        self._ready_since = self._ready_since or now
        lingers = now - self._ready_since < self._upkeep.linger_seconds
        if lingers or self._vitals.idle_seconds < self._upkeep.idle_seconds:
            return False
        if now - self._looked < min(_LOOK_SECONDS, self._upkeep.idle_seconds):
            return False
        self._looked = now
        return await self._has_time()

    async def _has_time(self) -> bool:
        now_ms = self._app.now_ms()
        work_ms = await patiently(next_work_ms, self._session, table=self._app.table)
        nap_ms = int(min(_NAP_SECONDS, self._upkeep.idle_seconds) * 1000)
        self.wake_ms = next_wake_ms(now_ms, self._upkeep, work_ms=work_ms)
        return work_ms is None or work_ms > now_ms + nap_ms
