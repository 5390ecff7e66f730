"""SIGKILL of everything in the middle of sending (P1, P2, P3, P5): nothing lost, twice or out of order."""

from pathlib import Path

import pytest

from tests.e2e.house import House, link, poll, status_of

OURS, THEIRS = "4915112345601", "4915112345602"
MESSAGES = 20


@pytest.mark.parametrize("engine", ["embedded", "harsh"])
def test_a_kill_of_everything_in_the_middle_of_twenty_sends(engine: str, tmp_path: Path) -> None:
    house = House(tmp_path / "house", engine)
    house.start()
    try:
        _tell_the_story(house)
    finally:
        house.stop()


def _tell_the_story(house: House) -> None:
    session = link(house, OURS)
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Ada"}).raise_for_status()
        # Slow acknowledgements, so that the kill finds messages in every stage.
        simulator.patch("/control/settings", json={"server_latency_ms": 150}).raise_for_status()
        accepted = [
            api.post(f"/v1/sessions/{session}/messages", json={"to": THEIRS, "text": f"number {count}"})
            .raise_for_status()
            .json()["id"]
            for count in range(MESSAGES)
        ]
        poll(lambda: len(_arrived(house)) >= 5, 30, "some messages have arrived")
    arrived_before = len(_arrived(house))
    assert house.kill_everything() > 3
    assert arrived_before < MESSAGES, "the kill came too late to prove anything"

    house.start()
    with house.api() as api:
        poll(lambda: status_of(api, session) == "working", 60, "the session works again, without a scan")
        poll(lambda: len(_arrived(house)) >= MESSAGES, 90, "all messages have arrived")
        poll(lambda: set(_statuses(house, session)) <= {"delivered", "read"}, 120, "all are delivered")
        assert _arrived(house) == [f"number {count}" for count in range(MESSAGES)]
        assert len(_statuses(house, session)) == len(accepted) == MESSAGES
        _check_log(house, session, accepted)
    with house.simulator() as simulator:
        assert simulator.get("/control/counts").json()["scans"] == 1


def _arrived(house: House) -> list[str]:
    with house.simulator() as simulator:
        answer = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS})
        return [message["text"] for message in answer.raise_for_status().json()]


def _statuses(house: House, session: str) -> list[str]:
    with house.api() as api:
        answer = api.get(f"/v1/sessions/{session}/messages", params={"chat": THEIRS, "limit": 100})
        return [message["status"] for message in answer.raise_for_status().json()["messages"]]


def _check_log(house: House, session: str, accepted: list[str]) -> None:
    """The log has no gap, and tells once of each message that it was sent."""
    events = []
    with house.api() as api:
        after = 0
        while True:
            page = api.get("/v1/events", params={"session_id": session, "after": after}).raise_for_status().json()
            if not page["events"]:
                break
            events.extend(page["events"])
            after = page["next_after"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    sent = [event["data"]["message_id"] for event in events if event["type"] == "message_sent"]
    assert sent == accepted
