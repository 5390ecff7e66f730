"""Nothing readable at rest (P6): after a story, no file of the house holds a body or a number."""

import base64
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.house import House, link, poll

OURS, THEIRS = "4915112345611", "4915112345612"
OUT, BACK = "the quick brown fox 7f3a", "jumps over the lazy dog 9c1e"
CAPTION, NAME, INSIDE = "a caption that is seen 2b7d", "payslip-of-grace-5e1f.txt", "what the file says 8d4c"
CAME = ("letter-to-us-58aa.txt", "read this at home 03f7", "what their file says 4b1d")


def test_no_file_of_waypost_holds_a_body_or_a_number(house: House) -> None:
    session = link(house, OURS)
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Grace"}).raise_for_status()
        message = (
            api.post(f"/v1/sessions/{session}/messages", json={"to": f"+{THEIRS}", "text": OUT})
            .raise_for_status()
            .json()
        )
        url = f"/v1/sessions/{session}/messages/{message['id']}"
        poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 30, "it is delivered")
        simulator.post(f"/control/accounts/{THEIRS}/messages", json={"to": OURS, "text": BACK}).raise_for_status()
        poll(lambda: any(BACK in str(event) for event in _events(house, session)), 20, "the reply is in the log")
        poll(lambda: api.get(f"/v1/sessions/{session}").json()["profile"], 20, "its profile is backed up")
        _send_a_file(api, session)
        _receive_a_file(house, session)
        # Mistakes carry numbers and bodies too.
        api.post(f"/v1/sessions/{session}/messages", json={"to": f"00{THEIRS}", "text": OUT * 400})
        api.get(f"/v1/sessions/{session}/messages", params={"chat": THEIRS})
    for path in _files_of_waypost(house.home):
        stored = path.read_bytes()
        for secret in (
            OURS,
            THEIRS,
            OUT,
            BACK,
            CAPTION,
            NAME,
            INSIDE,
            *CAME,
            house.status["api_key"].rsplit("_", 1)[1],
        ):
            assert secret.encode() not in stored, f"{path.relative_to(house.home)} is readable"


def _send_a_file(api: httpx.Client, session: str) -> None:
    data = f"{INSIDE}\n".encode() * 3000
    media = api.post("/v1/media", json={"size": len(data), "name": NAME}).raise_for_status().json()["id"]
    headers = {"content-type": "application/octet-stream"}
    api.put(f"/v1/media/{media}/parts/1", content=data, headers=headers).raise_for_status()
    api.post(f"/v1/media/{media}/complete").raise_for_status()
    body = {"to": f"+{THEIRS}", "media": {"id": media}, "text": CAPTION}
    message = api.post(f"/v1/sessions/{session}/messages", json=body).raise_for_status().json()
    url = f"/v1/sessions/{session}/messages/{message['id']}"
    poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 30, "the file is delivered")


def _receive_a_file(house: House, session: str) -> None:
    """In several pieces on its way, and read by a link, too."""
    name, caption, inside = CAME
    document = {"to": OURS, "type": "document", "filename": name, "text": caption, "mime": "text/plain"}
    data = base64.b64encode(inside.encode() * 20_000).decode()
    with house.api() as api, house.simulator() as simulator:
        path = f"/control/accounts/{THEIRS}/messages"
        simulator.post(path, json={**document, "data": data}).raise_for_status()

        def ready() -> str | None:
            changes = [event["data"] for event in _events(house, session) if event["data"].get("change") == "media"]
            return next((data["media"]["id"] for data in changes if data["media"]["state"] == "ready"), None)

        media_id = poll(ready, 30, "the file is here")
        link = api.post(f"/v1/media/{media_id}/link").raise_for_status().json()["url"]
        assert api.get(link).text == inside * 20_000


def _events(house: House, session: str) -> list[dict[str, Any]]:
    with house.api() as api:
        answer = api.get("/v1/events", params={"session_id": session, "limit": 100}).raise_for_status()
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


def _files_of_waypost(home: Path) -> list[Path]:
    """Everything, the copies of browser profiles too, but the simulator's own files, the browser's live profile, which
    Chromium must be able to read, and the first API key, which `waypost status` has to show."""
    foreign = ("simulator", "profiles", "api-key")
    files = [path for path in home.rglob("*") if path.is_file() and path.relative_to(home).parts[0] not in foreign]
    assert any(path.name == "waypost.db" for path in files)
    assert any(path.suffix == ".log" for path in files)
    assert any("blobs/profiles" in path.as_posix() for path in files)
    return files
