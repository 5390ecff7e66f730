"""What came while the worker was dead is told afterwards: all of it, oldest first over all chats, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.house import House, link, poll, processes_of, status_of

OURS = "4915112345641"
OTHERS = ("4915112345642", "4915112345643", "4915112345644")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(Path(tmp_path_factory.mktemp("gaps")))
    house.start()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def session(house: House) -> str:
    return link(house, OURS)


@pytest.fixture(scope="module")
def group(house: House, session: str) -> str:
    with house.simulator() as simulator:
        for number in OTHERS:
            simulator.post("/control/accounts", json={"number": number}).raise_for_status()
        made = simulator.post(
            f"/control/accounts/{OTHERS[0]}/groups", json={"subject": "all", "participants": [OURS, OTHERS[1]]}
        )
        return str(made.raise_for_status().json()["id"])


class Gap:
    """The worker stands still within the block, and is dead at its end."""

    def __init__(self, house: House, api: httpx.Client, session: str) -> None:
        self._house, self._api, self._session = house, api, session

    def __enter__(self) -> None:
        for pid in self._workers():
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        for pid in self._workers():
            os.kill(pid, signal.SIGKILL)
        before = self._api.get(f"/v1/sessions/{self._session}").json()["since"]

        def back() -> bool:
            now = self._api.get(f"/v1/sessions/{self._session}").json()
            return bool(now["status"] == "working" and now["since"] != before)

        poll(back, 90, "the session works again")

    def _workers(self) -> Iterator[int]:
        for pid in processes_of(self._house.home):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"containers.worker" in line or b"--user-data-dir" in line:
                yield pid


def events(api: httpx.Client, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["sequence"] if found else 0
        answer = api.get("/v1/events", params={"session_id": session, "after": after, "limit": 100}).raise_for_status()
        page = answer.json()["events"]
        if not page:
            return found
        found += page


def test_a_drill_restores_a_backup_and_proves_its_login_without_going_live(house: House, session: str) -> None:
    def drill() -> tuple[int, dict[str, Any]]:
        words = [
            sys.executable,
            "-m",
            "infra.local.cli",
            "drill",
            "restore",
            session,
            "--json",
            "--home",
            str(house.home),
        ]
        done = subprocess.run(words, capture_output=True, check=False, timeout=120)
        return done.returncode, json.loads(done.stdout)

    with house.api() as api, house.simulator() as simulator:
        poll(lambda: api.get(f"/v1/sessions/{session}").json()["profile"], 40, "it is backed up")
        poll(lambda: status_of(api, session) == "working", 60, "it works")
        before = api.get(f"/v1/sessions/{session}").json()["since"]
        trace = len(simulator.get("/control/trace").json())
        code, report = drill()
        assert (code, report["logged_in"], report["problem"]) == (0, True, None)
        assert report["age_seconds"] >= 0
        seen = [line for line in simulator.get("/control/trace").json()[trace:] if line["event"] == "online"]
        assert seen == [], "the copy went live"
        assert simulator.get("/control/counts").json()["two_browsers"] == 0
        assert api.get(f"/v1/sessions/{session}").json()["since"] == before, "the session was disturbed"

        objects = [path for path in (house.home / "blobs" / "profiles").rglob("*") if path.is_file()]
        kept = {path: path.read_bytes() for path in objects}
        try:
            for path, content in kept.items():
                path.write_bytes(content[:-1])
            code, report = drill()
            assert (code, report["logged_in"], report["problem"]) == (1, False, "all_refused")
        finally:
            for path, content in kept.items():
                path.write_bytes(content)


def test_a_gap_is_filled_in_order_and_once(house: House, session: str, group: str) -> None:
    size = 200
    chance = random.Random(size)  # repeatable, not secret
    with house.api() as api, house.simulator() as simulator:
        poll(lambda: status_of(api, session) == "working", 60, "it works")
        first = len(events(api, session))
        said: list[str] = []

        def say(sender: str, to: str) -> None:
            text = f"{size} {len(said)}"
            simulator.post(f"/control/accounts/{sender}/messages", json={"to": to, "text": text}).raise_for_status()
            said.append(text)

        with Gap(house, api, session):
            for _ in range(size):
                match chance.randrange(4):
                    case 0:
                        say(chance.choice(OTHERS[:2]), group)
                    case 1:
                        say(OURS, chance.choice(OTHERS))  # from the phone
                    case _:
                        say(chance.choice(OTHERS), OURS)

        def told() -> list[dict[str, Any]]:
            news = [e for e in events(api, session)[first:] if e["type"] in ("message_received", "message_sent")]
            return [e["data"] for e in news]

        poll(lambda: len(told()) >= size, 60, "all of it is told")
        assert sorted(data["text"] for data in told()) == sorted(said), "lost, or told twice"
        per_chat: dict[str, list[int]] = {}
        for data in told():
            per_chat.setdefault(data["chat"]["contact_id"], []).append(int(str(data["text"]).split()[1]))
        assert all(numbers == sorted(numbers) for numbers in per_chat.values()), "a chat is out of order"
