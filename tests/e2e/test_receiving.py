"""A person sends files to a whole house: they are told of, kept twice, read back, and survive a kill on the way."""

import base64
import hashlib
import os
import time
from typing import Any

from tests.e2e.house import House, link, poll
from tests.prove.crew import kill, owner_of

OURS, THEIRS = "4915112345621", "4915112345622"
MEGABYTE = 1024 * 1024
PART = 4 * MEGABYTE


def test_a_file_comes_in_and_a_kill_between_download_and_upload_loses_nothing(house: House) -> None:
    session = link(house, OURS)
    with house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Grace"}).raise_for_status()
    picture = b"\xff\xd8\xff\xe0" + os.urandom(5 * MEGABYTE)
    _send(house, picture)
    media = poll(lambda: _media(house, session, "ready", picture), 30, "the file is here")
    assert _states(house, session, media["id"]) == ["pending", "ready"]
    assert _download(house, media) == picture
    for _ in range(3):
        killed = _send_and_kill(house, session)
        if killed is not None:
            break
    assert killed is not None, "the kill never came between the two"
    media = poll(lambda: _media(house, session, "ready", killed), 60, "the file is here after the kill")
    assert _states(house, session, media["id"]) == ["pending", "ready"]
    assert _download(house, media) == killed
    poll(lambda: not _spooled(house), 10, "the spool is empty")


def _send(house: House, data: bytes) -> None:
    document = {"to": OURS, "type": "document", "filename": "f.bin", "data": base64.b64encode(data).decode()}
    with house.simulator() as simulator:
        simulator.post(f"/control/accounts/{THEIRS}/messages", json=document).raise_for_status()


def _send_and_kill(house: House, session: str) -> bytes | None:
    """The file that was whole in the spool, and not yet told of as ready, when the worker was killed."""
    owner = poll(lambda: owner_of(house, session), 30, "the session has an owner")
    data = os.urandom(9 * MEGABYTE)
    _send(house, data)
    ends = time.monotonic() + 30
    while not any(path.endswith("/facts") for path in _spooled(house)):
        assert time.monotonic() < ends, "nothing came into the spool"
    kill(owner.worker)
    return None if _media(house, session, "ready", data) else data


def _spooled(house: House) -> list[str]:
    return [str(path) for path in (house.home / "spool").rglob("*") if path.is_file()]


def _told(house: House, session: str) -> list[dict[str, Any]]:
    with house.api() as api:
        events = api.get("/v1/events", params={"session_id": session, "limit": 100}).raise_for_status().json()["events"]
    return [event["data"]["media"] for event in events if "media" in event["data"]]


def _media(house: House, session: str, state: str, data: bytes) -> dict[str, Any] | None:
    sha256 = hashlib.sha256(data).hexdigest()
    return next((one for one in _told(house, session) if (one["state"], one["sha256"]) == (state, sha256)), None)


def _states(house: House, session: str, media_id: str) -> list[str]:
    return [one["state"] for one in _told(house, session) if one["id"] == media_id]


def _download(house: House, media: dict[str, Any]) -> bytes:
    """By a link, without the key, part by part."""
    with house.api() as api:
        url = api.post(f"/v1/media/{media['id']}/link").raise_for_status().json()["url"]
        del api.headers["x-api-key"]
        parts = [
            api.get(url, headers={"range": f"bytes={at}-{at + PART - 1}"}).raise_for_status().content
            for at in range(0, media["size"], PART)
        ]
    return b"".join(parts)
