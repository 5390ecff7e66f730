"""Two workers on one home (P4): who is killed, frozen or cut off loses its session, and does no harm when it wakes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.house import House, link, poll, status_of
from tests.prove.crew import Crew, crews, cut_off, freeze, is_alive, join_again, kill, owner_of, wake

OURS, THEIRS = "4915112345641", "4915112345642"
LEASE_SECONDS, MARGIN_SECONDS = 4.0, 1.0
TAKE_OVER_SECONDS = 25.0  # the lease, the margin, a launch; and a slow machine


class Story:
    """One session that sends, and what is counted of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.session = link(house, OURS)
        self.sent: list[str] = []
        with house.simulator() as simulator:
            simulator.post("/control/accounts", json={"number": THEIRS}).raise_for_status()

    def send(self, count: int) -> None:
        with self.house.api() as api:
            for _ in range(count):
                text = f"number {len(self.sent)}"
                url = f"/v1/sessions/{self.session}/messages"
                api.post(url, json={"to": THEIRS, "text": text}).raise_for_status()
                self.sent.append(text)

    def owner(self) -> Crew:
        return poll(lambda: owner_of(self.house, self.session), TAKE_OVER_SECONDS, "some worker runs the browser")

    def next_owner(self, former: Crew) -> Crew:
        def look() -> Crew | None:
            now = owner_of(self.house, self.session)
            return now if now is not None and now.worker != former.worker else None

        return poll(look, TAKE_OVER_SECONDS, "another worker runs the browser")

    def check(self) -> None:
        """All arrived, once and in order, from one browser at a time, without a second scan."""
        poll(lambda: len(self.arrived()) >= len(self.sent), 40, "all messages have arrived")
        assert self.arrived() == self.sent
        with self.house.simulator() as simulator, self.house.api() as api:
            counts = simulator.get("/control/counts").json()
            assert (counts["two_browsers"], counts["scans"]) == (0, 1)
            poll(lambda: status_of(api, self.session) == "working", 20, "the session works")

    def arrived(self) -> list[str]:
        with self.house.simulator() as simulator:
            answer = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS})
            return [message["text"] for message in answer.raise_for_status().json()]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    house = House(
        Path(tmp_path_factory.mktemp("house")),
        workers=2,
        environment={
            "WAYPOST_LEASE_SECONDS": str(LEASE_SECONDS),
            "WAYPOST_CLOCK_MARGIN_SECONDS": str(MARGIN_SECONDS),
        },
        command="tests.prove.cuttable_up",
    )
    house.start()
    try:
        yield Story(house)
    finally:
        for crew in crews(house):
            wake(*crew.task)
        house.stop()


def frozen_worker(house: House, owner: Crew) -> Callable[[], None]:
    freeze(house, owner.worker, owner.driver or owner.worker)
    return lambda: wake(owner.worker, owner.driver or owner.worker)


def frozen_task(house: House, owner: Crew) -> Callable[[], None]:
    """Launcher, worker, driver and browser, as when a whole machine stands still."""
    freeze(house, *owner.task)
    return lambda: wake(*owner.task)


def cut_off_worker(house: House, owner: Crew) -> Callable[[], None]:
    cut_off(house, owner.worker)
    return lambda: join_again(house, owner.worker)


@pytest.mark.parametrize("hurt", [frozen_worker, frozen_task, cut_off_worker])
def test_a_worker_that_is_out_of_touch_loses_its_session_and_wakes_harmless(
    story: Story, hurt: Callable[[House, Crew], Callable[[], None]]
) -> None:
    owner = story.owner()
    story.send(3)
    mend = hurt(story.house, owner)
    try:
        story.send(3)
        new = story.next_owner(owner)
        assert not is_alive(owner.browsers[story.session]), "the old browser lives beside the new one"
        assert new.name != owner.name
        story.check()
    finally:
        mend()
    story.send(3)
    story.check()
    assert story.owner().worker == new.worker, "the woken worker took the session back"


def test_a_worker_that_is_told_to_stop_hands_over_at_once(story: Story) -> None:
    owner = story.owner()
    story.send(5)
    os.kill(owner.launcher, signal.SIGTERM)
    os.kill(owner.worker, signal.SIGTERM)  # the second one in a row changes nothing
    story.send(5)
    story.next_owner(owner)
    assert not is_alive(owner.browsers[story.session]), "the old browser lives beside the new one"
    story.check()


def test_a_drill_tells_how_long_a_hand_over_takes(story: Story) -> None:
    # Two workers were stopped a moment ago; a drill needs somebody to take over.
    poll(lambda: len(crews(story.house)) == 2, 30, "both workers run")
    words = [sys.executable, "-m", "infra.local.cli", "drill", "failover", "--home", str(story.house.home), "--json",
             "--session", story.session, "--send-to", THEIRS]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    told = json.loads(done.stdout or "{}")
    assert told["session"] == story.session, done.stderr
    assert (told["messages"], told["lost"], told["twice"]) == (5, 0, 0)
    assert 0 < told["new_owner_ms"] <= told["working_ms"]
    assert (done.returncode == 0) == (told["working_ms"] <= told["bound_ms"])
    story.sent += [f"Waypost drill, message {number}" for number in range(1, 6)]
    story.check()


def test_a_killed_worker_is_followed_by_its_next_life_or_by_another(story: Story) -> None:
    owner = story.owner()
    story.send(3)
    kill(owner.worker)
    story.send(3)
    story.next_owner(owner)
    story.check()
