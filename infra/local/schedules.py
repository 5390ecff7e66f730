"""The schedules of one machine: each calls its function at its rate with an EventBridge event."""

import logging
import threading
import time
import uuid

from infra.blueprint import FUNCTIONS
from infra.local.faults import describe
from infra.local.runtime import ACCOUNT, REGION, Event, LocalFunction

log = logging.getLogger("waypost.schedules")


class Schedule:
    """One function at a fixed rate. The first call comes at once: it sweeps up what the last stop left behind."""

    def __init__(self, function: LocalFunction, every_seconds: float) -> None:
        self._function = function
        self._every = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=function.function.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            try:
                self._function(scheduled_event(self._function.function.name))
            except Exception as error:
                log.error("%s raised %s", self._function.function.name, describe(error))
            # Calls never overlap; those that a slow one overran are left out.
            due = max(due + self._every, time.monotonic())


def scheduled_event(name: str) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def schedules(functions: dict[str, LocalFunction]) -> list[Schedule]:
    """A schedule for each function of the blueprint that has a rate."""
    return [
        Schedule(functions[function.name], float(function.source))
        for function in FUNCTIONS
        if function.trigger == "schedule"
    ]
