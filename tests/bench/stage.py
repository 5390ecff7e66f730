"""A whole Waypost with linked sessions for one measurement: pages watched, pacing off, a network without delays."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.notes import Notes, taking_notes
from tests.bench.watched_worker import PLACE
from tests.e2e.house import House, link, poll, processes_of

FRIENDS = 40
NO_DELAYS = {"ack1_ms": 0, "ack2_ms": 0, "ack3_ms": 0}


def friend(number: int) -> str:
    return str(12015551000 + number % FRIENDS)


def owner(number: int) -> str:
    return str(12015550100 + number)


@dataclass(slots=True)
class Stage:
    house: House
    notes: Notes
    sessions: list[str] = field(default_factory=list)

    def client(self) -> "Sender":
        return Sender(self.house, self.sessions[0])

    def add_session(self) -> None:
        self.sessions.append(link(self.house, owner(len(self.sessions))))

    def network(self, **settings: Any) -> None:
        """Change how the simulated network behaves."""
        with self.house.simulator() as simulator:
            simulator.patch("/control/settings", json=settings).raise_for_status()


class Sender:
    """One client over one kept connection."""

    def __init__(self, house: House, session: str) -> None:
        address = urlsplit(house.status["url"])
        self._http = http.client.HTTPConnection(address.hostname or "", address.port)
        self._headers = {"x-api-key": house.status["api_key"], "content-type": "application/json"}
        self._path = f"/v1/sessions/{session}/messages"

    def send(self, to: str, text: str) -> tuple[str, float, float]:
        """The message's id, and when the request left and the 202 came, in milliseconds since the epoch."""
        began = time.time() * 1000
        key = {"idempotency-key": os.urandom(12).hex()}
        body = json.dumps({"to": to, "text": text})
        self._http.request("POST", self._path, body=body, headers=self._headers | key)
        answer = self._http.getresponse()
        document = json.loads(answer.read())
        ended = time.time() * 1000
        if answer.status != http.client.ACCEPTED:
            raise RuntimeError(f"not accepted: {answer.status} {document.get('code')}")
        return document["id"], began, ended


class _WatchedHouse(House):
    notes_url = ""

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.watched_up", "up", "--home", str(self.home), "--no-reload",
                 "--port", "0", "--https-port", "0", "--simulator-port", "0"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "WAYPOST_HOME": str(self.home), PLACE: f"{self.notes_url}/page"},
            )  # fmt: skip
        self.status = poll(self._ask, 60, "waypost up is ready")


@contextmanager
def stage(sessions: int) -> Iterator[Stage]:
    """Everything that was started is ended, by its process id, also when the measurement fails."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, taking_notes() as notes:
        house = _WatchedHouse(Path(folder) / "home")
        house.notes_url = notes.url
        try:
            house.start()
            with house.simulator() as simulator:
                for number in range(FRIENDS):
                    simulator.post("/control/accounts", json={"number": friend(number), "name": f"Friend {number}"})
                    simulator.patch(f"/control/accounts/{friend(number)}", json={"auto_read": False})
            found = Stage(house, notes)
            found.network(delays=NO_DELAYS)
            for _ in range(sessions):
                found.add_session()
            yield found
        finally:
            house.stop()
            for pid in list(processes_of(house.home)):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
