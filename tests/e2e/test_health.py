"""What the status says is true, and troubles are told apart: each is made, seen, named and healed, on one session."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.house import House, link, poll

OURS, THEIRS, STRANGER = "4915112345631", "4915112345632", "4915112345633"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(Path(tmp_path_factory.mktemp("health")), environment={"WAYPOST_ACK_SECONDS": "2"})
    house.start()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def session(house: House) -> str:
    with house.simulator() as simulator:
        for number in (THEIRS, STRANGER):
            simulator.post("/control/accounts", json={"number": number}).raise_for_status()
    return link(house, OURS)


@pytest.fixture
def api(house: House, session: str) -> Iterator[httpx.Client]:
    with house.api() as api:
        wait_for(api, session, "working")
        yield api


@pytest.fixture
def simulator(house: House) -> Iterator[httpx.Client]:
    with house.simulator() as simulator:
        yield simulator


def look(api: httpx.Client, session: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/sessions/{session}").raise_for_status().json()
    return found


def wait_for(api: httpx.Client, session: str, status: str, reason: str | None = None) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        now = look(api, session)
        return now if (now["status"], now["reason"]) == (status, reason) else None

    return poll(there, 60, f"it is {status} because of {reason}")


def fault(simulator: httpx.Client, **fields: Any) -> None:
    simulator.patch(f"/control/accounts/{OURS}", json=fields).raise_for_status()


def send(api: httpx.Client, session: str, to: str, text: str) -> str:
    sent = api.post(f"/v1/sessions/{session}/messages", json={"to": to, "text": text}).raise_for_status()
    return str(sent.json()["id"])


def message(api: httpx.Client, session: str, message_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/sessions/{session}/messages/{message_id}").raise_for_status().json()
    return found


def statuses_since(api: httpx.Client, session: str, number: int) -> list[tuple[str, str | None]]:
    events = api.get("/v1/events", params={"session_id": session, "after": number, "limit": 100}).raise_for_status()
    told = [event["data"] for event in events.json()["events"] if event["type"] == "session_status"]
    return [(data["status"], data["reason"]) for data in told]


def test_missing_acknowledgements_degrade_the_session_and_are_healed(
    api: httpx.Client, simulator: httpx.Client, session: str
) -> None:
    fault(simulator, silent=True)
    lost = send(api, session, THEIRS, "is anybody there")
    degraded = wait_for(api, session, "degraded", "acks_missing")
    assert degraded["health"]["acks_outstanding"] == 1
    assert degraded["health"]["last_trouble"] == "acks_missing"
    fault(simulator, silent=False)
    poll(lambda: message(api, session, lost)["status"] in ("sent", "delivered", "read"), 60, "it is acknowledged")
    healed = wait_for(api, session, "working")
    assert healed["health"]["restarts"] >= 1
    with_them = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS}).json()
    assert len(with_them) == 1, "it was sent twice"


@pytest.mark.parametrize(("action", "reason"), [("hang", "page_hung"), ("crash", "out_of_memory")])
def test_a_page_that_hangs_or_ends_is_told_apart_and_started_again(
    api: httpx.Client, simulator: httpx.Client, session: str, action: str, reason: str
) -> None:
    simulator.post(f"/control/accounts/{OURS}/page", json={"action": action}).raise_for_status()
    # The trouble itself may be over before anybody looks.
    poll(lambda: look(api, session)["health"]["last_trouble"] == reason, 60, f"the trouble is {reason}")
    wait_for(api, session, "working")


def test_the_line_is_left_to_another_browser_until_somebody_asks(
    api: httpx.Client, simulator: httpx.Client, session: str
) -> None:
    simulator.post(f"/control/accounts/{OURS}/conflict").raise_for_status()
    yielded = wait_for(api, session, "degraded", "conflict")
    time.sleep(0.5)
    assert look(api, session)["since"] == yielded["since"], "it fought for the line"
    api.post(f"/v1/sessions/{session}/start").raise_for_status()
    wait_for(api, session, "working")


def test_a_restriction_says_until_when_and_ends(api: httpx.Client, simulator: httpx.Client, session: str) -> None:
    until = simulator.get("/control/clock").json()["now_ms"] + 6_000
    fault(simulator, restricted_until=until)
    first = send(api, session, STRANGER, "we have not met")
    restricted = wait_for(api, session, "restricted")
    assert restricted["restricted_until"] is not None
    assert message(api, session, first)["status"] == "sending"  # it waits, and has not failed
    wait_for(api, session, "working")
    assert look(api, session)["restricted_until"] is None
    deadline = time.monotonic() + 90
    while message(api, session, first)["status"] == "sending" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert message(api, session, first)["status"] in ("sent", "delivered", "read")


def test_a_ban_stops_the_session_and_nothing_starts_it_again(
    api: httpx.Client, simulator: httpx.Client, session: str
) -> None:
    fault(simulator, banned=True)
    banned = wait_for(api, session, "banned", "banned")
    time.sleep(1.0)
    assert look(api, session)["since"] == banned["since"]
    assert not simulator.get(f"/control/accounts/{OURS}/devices").json()[0]["connected"]
