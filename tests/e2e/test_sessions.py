"""A session through its life: stopped and started without a scan, logged out by the phone, linked again, deleted."""

import os
import signal
from pathlib import Path

from tests.e2e.house import House, link, poll, processes_of, scan, status_of

OURS, THEIRS = "4915112345621", "4915112345622"


def test_a_session_through_its_life(house: House) -> None:
    session = link(house, OURS)
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS}).raise_for_status()

        api.post(f"/v1/sessions/{session}/stop").raise_for_status()
        poll(lambda: status_of(api, session) == "stopped", 20, "it stops")
        refused = api.post(f"/v1/sessions/{session}/messages", json={"to": THEIRS, "text": "too early"})
        assert (refused.status_code, refused.json()["code"]) == (409, "session_stopped")

        api.post(f"/v1/sessions/{session}/start").raise_for_status()
        poll(lambda: status_of(api, session) == "working", 30, "it works again")
        assert simulator.get("/control/counts").json()["scans"] == 1, "a start asked for another scan"

        simulator.post(f"/control/accounts/{OURS}/logout", json={}).raise_for_status()
        poll(lambda: status_of(api, session) == "scan_qr", 40, "it asks for a new code by itself (R-AUTH-2)")
        assert api.get(f"/v1/sessions/{session}").json()["me"] is None
        scan(house, session, OURS)
        poll(lambda: status_of(api, session) == "working", 40, "it is linked again")

        sent = api.post(f"/v1/sessions/{session}/messages", json={"to": THEIRS, "text": "back"}).raise_for_status()
        url = f"/v1/sessions/{session}/messages/{sent.json()['id']}"
        poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 20, "it sends again")

        profile = house.home / "profiles" / session
        assert profile.exists()
        api.delete(f"/v1/sessions/{session}").raise_for_status()
        assert api.get(f"/v1/sessions/{session}").status_code == 404
        poll(lambda: not profile.exists(), 30, "its profile is removed")
        devices = simulator.get(f"/control/accounts/{OURS}/devices").json()
        assert devices == [], "a deleted session stays on the phone's list of devices"


def test_a_delete_whose_worker_dies_is_finished_by_the_next(house: House) -> None:
    session = link(house, THEIRS)
    profile = house.home / "profiles" / session
    with house.api() as api:
        worker = house.status["parts"]["worker"]["pid"]
        os.kill(worker, signal.SIGSTOP)  # the launcher stands still, so nothing is carried out …
        for pid in processes_of(house.home):
            if b"containers.worker.main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)  # … and the worker dies before it has heard of the delete
        api.delete(f"/v1/sessions/{session}").raise_for_status()
        assert api.get(f"/v1/sessions/{session}").status_code == 404
        os.kill(worker, signal.SIGCONT)
        poll(lambda: not profile.exists(), 60, "the next worker removes what is left")
