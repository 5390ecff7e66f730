"""The disk of a worker is lost with everything on it: the session comes back from its backup, without a second scan."""

import shutil
from typing import Any

import httpx

from tests.e2e.house import House, link, poll, status_of

OURS, THEIRS = "4915112345651", "4915112345652"


def test_a_session_survives_the_loss_of_its_disk_and_says_when_it_cannot(house: House) -> None:
    session = link(house, OURS)
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Ada"}).raise_for_status()
        poll(lambda: _profile(api, session), 20, "it is backed up right after linking")
        _send(api, session, "before")  # of which the backup knows nothing
    assert house.kill_everything() > 3
    shutil.rmtree(house.home / "profiles")

    house.start()
    with house.api() as api, house.simulator() as simulator:
        poll(lambda: status_of(api, session) == "working", 60, "it works again")
        assert _profile(api, session)["restored_from"]
        _send(api, session, "after")
        arrived = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS}).json()
        assert [message["text"] for message in arrived] == ["before", "after"]
        counts = simulator.get("/control/counts").json()
        assert (counts["scans"], counts["two_browsers"]) == (1, 0)
        api.post(f"/v1/sessions/{session}/stop").raise_for_status()
        poll(lambda: status_of(api, session) == "stopped", 30, "it is stopped")

        # Now the backups are damaged too.
        shutil.rmtree(house.home / "profiles")
        objects = [path for path in (house.home / "blobs" / "profiles").rglob("*") if path.is_file()]
        assert objects
        for path in objects:
            path.write_bytes(path.read_bytes()[:-1])
        api.post(f"/v1/sessions/{session}/start").raise_for_status()
        poll(lambda: status_of(api, session) == "failed", 30, "it is given up")
        shown = api.get(f"/v1/sessions/{session}").json()
        assert (shown["reason"], shown["linked"]) == ("profile_tampered", False)


def _send(api: httpx.Client, session: str, text: str) -> None:
    sent = api.post(f"/v1/sessions/{session}/messages", json={"to": THEIRS, "text": text}).raise_for_status()
    url = f"/v1/sessions/{session}/messages/{sent.json()['id']}"
    poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 40, f"{text} is delivered")


def _profile(api: httpx.Client, session: str) -> Any:
    return api.get(f"/v1/sessions/{session}").raise_for_status().json()["profile"]
