"""A new build of WhatsApp Web: the canaries load it, and the others only once it passed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.house import House, link, poll

FIRST, SECOND, ORDINARY = "4915112345661", "4915112345662", "4915112345663"
STEP_SECONDS = "4"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(
        tmp_path / "house", environment={"WAYPOST_CANARY_STEP_SECONDS": STEP_SECONDS, "WAYPOST_ACK_SECONDS": "5"}
    )
    house.start()
    yield house
    house.stop()


def canary(house: House, *words: str, step_seconds: str = "20") -> tuple[int, dict[str, Any]]:
    """A run of the command line. The time that a step has is generous where it is to pass."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.cli", "canary", "--home", str(house.home), "--json", *words],
        capture_output=True, check=False, timeout=120,
        env={**os.environ, "WAYPOST_CANARY_STEP_SECONDS": step_seconds},
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def passed(run: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]] | None:
    code, report = run
    assert (code == 0) is report["passed"], report
    return run if code == 0 else None


def new_build(simulator: httpx.Client, build: str) -> None:
    simulator.patch("/control/settings", json={"build": build}).raise_for_status()


def test_an_ordinary_session_loads_a_new_build_only_after_the_canaries_passed_on_it(house: House) -> None:
    first, second, ordinary = link(house, FIRST), link(house, SECOND), link(house, ORDINARY)
    with house.api() as api, house.simulator() as simulator:

        def works_on(session: str, build: str) -> bool:
            now = api.get(f"/v1/sessions/{session}").raise_for_status().json()
            return bool(now["status"] == "working" and now["build"].endswith(f" web/{build}"))

        def waits() -> bool:
            now = api.get(f"/v1/sessions/{ordinary}").json()
            return (now["status"], now["reason"]) == ("degraded", "needs_update")

        assert canary(house, "--use", first, second)[0] == 0
        new_build(simulator, "2.3000.1045220999")
        poll(
            lambda: works_on(first, "2.3000.1045220999") and works_on(second, "2.3000.1045220999"),
            40,
            "the canaries load it",
        )
        poll(waits, 20, "the ordinary session waits")

        # Nothing gets through for one of them: the new build has failed.
        simulator.patch(f"/control/accounts/{SECOND}", json={"silent": True}).raise_for_status()
        code, report = canary(house, step_seconds=STEP_SECONDS)
        assert (code, report["failed_step"], report["code"]) == (1, "reply_sent", "not_in_time")
        assert report["pair"].endswith(" web/2.3000.1045220999")
        assert waits()

        # It goes on as it is meanwhile.
        sent = api.post(f"/v1/sessions/{ordinary}/messages", json={"to": FIRST, "text": "still here"})
        url = f"/v1/sessions/{ordinary}/messages/{sent.raise_for_status().json()['id']}"
        poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 30, "it sends while it waits")
        assert waits()

        simulator.patch(f"/control/accounts/{SECOND}", json={"silent": False}).raise_for_status()
        # What was not acknowledged is looked up first, and each run that is tried meanwhile fails as it should.
        _, report = poll(lambda: passed(canary(house)), 90, "the canaries pass on the new build")
        assert set(report["steps"]) >= {"sent", "delivered", "received", "reply_sent", "reply_received"}
        poll(lambda: works_on(ordinary, "2.3000.1045220999"), 40, "the ordinary session loads the new build")
