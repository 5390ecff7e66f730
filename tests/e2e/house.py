"""A whole Waypost on one machine for a test: started, asked, killed and started again, all on loopback."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

_START_SECONDS = 60.0


def poll[T](look: Callable[[], T | None], seconds: float, what: str, *, every: float = 0.05) -> T:
    """Look until there is something, at most `seconds`, `every` so often."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


class House:
    """`waypost up` on a home of its own, with the simulator."""

    def __init__(
        self,
        home: Path,
        engine: str = "embedded",
        *,
        workers: int = 1,
        environment: Mapping[str, str] | None = None,
        command: str = "infra.local.cli",
        start_seconds: float = _START_SECONDS,
    ) -> None:
        """`command` is a module that takes the command line's words: the command line itself, or one that hurts."""
        self.home = home
        self._workers = workers
        self._environment = environment or {}
        self._command = command
        self._start_seconds = start_seconds
        self._log = home.with_name(f"{home.name}.up.log")  # what a terminal would show, the first API key included
        self._engine = engine
        self._process: subprocess.Popen[bytes] | None = None
        self.status: dict[str, Any] = {}

    def start(self) -> None:
        environment = {**os.environ, "WAYPOST_HOME": str(self.home), "WAYPOST_ENGINE": self._engine}
        environment |= self._environment
        self.home.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._command, "up", "--home", str(self.home), "--no-reload", "--port", "0",
                 "--https-port", "0", "--simulator-port", "0", "--workers", str(self._workers)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True,
            )  # fmt: skip
        self.status = poll(self._ask, self._start_seconds, "waypost up is ready")

    def _ask(self) -> dict[str, Any] | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"waypost up ended with {self._process.returncode}: {self._tail()}")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "infra.local.cli", "status", "--json", "--home", str(self.home)],
                capture_output=True, check=False, timeout=20,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            return None
        status: dict[str, Any] = json.loads(done.stdout)
        return status if status["ready"] else None

    def ask_again(self) -> dict[str, Any] | None:
        """What runs now; None while it is being written."""
        with contextlib.suppress(OSError, ValueError):
            state: dict[str, Any] = json.loads((self.home / "state.json").read_text())
            return state
        return None

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def kill_everything(self) -> int:
        """SIGKILL every process of this home, the supervisor first; returns how many there were."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        killed = 1
        for _ in range(20):
            pids = list(processes_of(self.home))
            if not pids:
                return killed
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            time.sleep(0.1)
        raise AssertionError("some processes would not die")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_everything()
        self._process = None

    def api(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.status["url"], headers={"x-api-key": self.status["api_key"]}, timeout=20, trust_env=False
        )

    def simulator(self) -> httpx.Client:
        return httpx.Client(base_url=self.status["simulator_url"], timeout=20, trust_env=False)


def processes_of(home: Path) -> Iterator[int]:
    """Every process that was started for this home: the path is in its environment or its arguments."""
    mark = str(home).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes() or mark in (entry / "cmdline").read_bytes():
                    yield int(entry.name)


def link(house: House, number: str) -> str:
    """Make a session, let the simulated phone of `number` scan its code, wait until it works; returns its id."""
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": number, "name": "Waypost"}).raise_for_status()
        session = api.post("/v1/sessions", json={"name": "shop"}).raise_for_status().json()["id"]

        scan(house, session, number)
        poll(lambda: status_of(api, session) == "working", 40, "the session works")
    return str(session)


def scan(house: House, session: str, number: str) -> None:
    """Let the simulated phone scan the code that the session shows."""
    with house.api() as api, house.simulator() as simulator:

        def code() -> str | None:
            answer = api.get(f"/v1/sessions/{session}/qr", headers={"accept": "application/json"})
            return answer.json()["code"] if answer.status_code == 200 else None

        shown = poll(code, 40, "a QR code is shown")
        simulator.post(f"/control/accounts/{number}/scan", json={"code": shown}).raise_for_status()


def status_of(api: httpx.Client, session: str) -> str:
    return str(api.get(f"/v1/sessions/{session}").raise_for_status().json()["status"])
