"""An idle session sleeps, linked and without a browser; a message, a command or its time wakes it, and it fetches what
came in."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.house import House, link, poll, processes_of, status_of

OURS, THEIRS = "4915112345651", "4915112345652"
SOON = {"WAYPOST_IDLE_SECONDS": "2", "WAYPOST_LINGER_SECONDS": "1", "WAYPOST_WAKE_SECONDS": "600"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(Path(tmp_path_factory.mktemp("sleep")), environment=SOON)
    house.start()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def session(house: House) -> str:
    with house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS}).raise_for_status()
    return link(house, OURS)


def wait_asleep(house: House, api: httpx.Client, session: str) -> None:
    poll(lambda: status_of(api, session) == "asleep", 60, "it sleeps")
    mark = f"--user-data-dir={house.home}".encode()

    def no_browser() -> bool:
        return not [pid for pid in processes_of(house.home) if mark in Path(f"/proc/{pid}/cmdline").read_bytes()]

    poll(no_browser, 20, "its browser is closed")


def test_an_idle_session_sleeps_and_a_message_wakes_it(house: House, session: str) -> None:
    with house.api() as api, house.simulator() as simulator:
        wait_asleep(house, api, session)
        asleep = api.get(f"/v1/sessions/{session}").json()
        assert asleep["linked"]
        assert asleep["wakes_at"] is not None

        news = {"to": OURS, "text": "while you slept"}
        simulator.post(f"/control/accounts/{THEIRS}/messages", json=news).raise_for_status()
        sent = api.post(f"/v1/sessions/{session}/messages", json={"to": THEIRS, "text": "good morning"})
        assert sent.status_code == 202
        url = f"/v1/sessions/{session}/messages/{sent.json()['id']}"
        poll(lambda: api.get(url).json()["status"] in ("sent", "delivered", "read"), 60, "it wakes and sends")

        def told() -> list[str]:
            events = api.get("/v1/events", params={"session_id": session, "after": 0, "limit": 100}).json()["events"]
            return [event["data"]["text"] for event in events if event["type"] == "message_received"]

        poll(lambda: "while you slept" in told(), 30, "what came in is fetched")
        events = api.get("/v1/events", params={"session_id": session, "after": 0, "limit": 100}).json()["events"]
        told_status = [(e["data"]["status"], e["data"]["reason"]) for e in events if e["type"] == "session_status"]
        assert ("asleep", "idle") in told_status
        assert ("starting", "waking") in told_status
        assert simulator.get("/control/counts").json()["scans"] == 1, "it had to be linked again"


def test_a_command_that_needs_a_page_wakes_it(house: House, session: str) -> None:
    with house.api() as api:
        wait_asleep(house, api, session)
        answer = api.get(f"/v1/sessions/{session}/groups")
        assert answer.status_code in (200, 202)
        poll(lambda: status_of(api, session) == "working", 60, "it is awake")
