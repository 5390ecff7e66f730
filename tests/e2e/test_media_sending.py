"""Files from the API to somebody's phone: uploaded and named before they are ready, sent once and in order, also
through a kill of the worker in the middle of an upload (P1, P2, P3)."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.corpus import documents, pictures
from tests.corpus.files import made
from tests.e2e.house import House, link, poll

OURS, THEIRS = "4915112345631", "4915112345632"


def test_files_go_out_as_they_were_prepared_once_and_in_order(house: House, tmp_path: Path) -> None:
    session = link(house, OURS)
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Ada"}).raise_for_status()
        picture = upload(api, made(pictures.photo), name="holiday.jpg")
        first = send(api, session, media={"id": picture}, text="the sea")  # not ready yet
        assert first["type"] == "image"
        assert (first["media"]["state"], first["estimate"]["because"]) in [("pending", "media"), ("ready", "nothing")]
        send(api, session, text="and what do you say?")
        send(api, session, poll={"question": "Shall we?", "options": ["Yes", "No"]})
        got = arrived(simulator, 3)
        assert [message["type"] for message in got] == ["image", "chat", "poll_creation"]
        prepared = api.get(f"/v1/media/{picture}").raise_for_status().json()["prepared"]
        data = simulator.get(got[0]["media"]["path"]).raise_for_status().content
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (prepared["sha256"], prepared["size"])
        assert (got[0]["text"], prepared["notes"][0]["code"]) == ("the sea", "metadata_removed")
        told = api.get(f"/v1/sessions/{session}/messages/{first['id']}").raise_for_status().json()
        assert told["type"] == "image"
        assert {name: told["media"][name] for name in ("state", "sha256", "width")} == {
            "state": "ready", "sha256": prepared["sha256"], "width": prepared["width"],
        }  # fmt: skip

        program = b"MZ" + bytes(500)
        begun = begin(api, program)
        lost = send(api, session, media={"id": begun["id"]})  # before a byte of it has come
        finish(api, begun, program)
        last = f"/v1/sessions/{session}/messages/{lost['id']}"
        poll(lambda: api.get(last).json()["status"] == "failed", 20, "it failed")
        failed = api.get(last).json()
        assert (failed["reason"], bool(failed["failure"]["mend"])) == ("media_type_unsupported", True)

        file = tmp_path / "notes.txt"
        file.write_bytes(made(documents.text))
        words = ["media", "send", session, f"+{THEIRS}", str(file), "--text", "by hand", "--home", str(house.home)]
        done = subprocess.run(
            [sys.executable, "-m", "infra.local.cli", *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout.split()[-1] in ("sent", "delivered", "read")) == (0, True), done.stderr
        document = arrived(simulator, 4)[3]
        assert (document["text"], document["media"]["filename"]) == ("by hand", "notes.txt")
        assert simulator.get(document["media"]["path"]).content == file.read_bytes()

        kill_in_the_middle_of_an_upload(house, api, simulator, session)


def kill_in_the_middle_of_an_upload(house: House, api: httpx.Client, simulator: httpx.Client, session: str) -> None:
    data = b"a line of text that nobody has seen before\n" * 2000
    ready = upload(api, data, name="story.txt")
    simulator.patch(f"/control/accounts/{OURS}", json={"uploads": {"delay_ms": 600_000, "times": 1}}).raise_for_status()
    sent = send(api, session, media={"id": ready}, text="the story")
    send(api, session, text="its end")
    url = f"/v1/sessions/{session}/messages/{sent['id']}"
    poll(lambda: api.get(url).json()["status"] == "sending", 20, "it is being uploaded")
    # The attempt is recorded before the page gets the file: what the browser knows decides, wherever the kill falls.
    os.kill(int(worker_of(house)), signal.SIGKILL)
    poll(lambda: api.get(url).json()["status"] in ("delivered", "read"), 90, "it is delivered after all")
    got = arrived(simulator, 6)
    assert [message["text"] for message in got[4:]] == ["the story", "its end"]
    assert simulator.get(got[4]["media"]["path"]).content == data
    assert not any(path.is_file() for path in (house.home / "outgoing").rglob("*"))


def worker_of(house: House) -> int:
    """The process that drives the browsers."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
                mine = str(house.home).encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if mine and b"containers.worker.main" in line:
                return int(entry.name)
    raise AssertionError("no worker runs")


def upload(api: httpx.Client, data: bytes, **said: Any) -> str:
    begun = begin(api, data, **said)
    finish(api, begun, data)
    return str(begun["id"])


def begin(api: httpx.Client, data: bytes, **said: Any) -> dict[str, Any]:
    begun: dict[str, Any] = api.post("/v1/media", json={"size": len(data), **said}).raise_for_status().json()
    return begun


def finish(api: httpx.Client, begun: dict[str, Any], data: bytes) -> None:
    size = begun["upload"]["part_bytes"]
    for number in begun["upload"]["missing"]:
        part = data[(number - 1) * size : number * size]
        headers = {"content-type": "application/octet-stream"}
        api.put(f"/v1/media/{begun['id']}/parts/{number}", content=part, headers=headers).raise_for_status()
    api.post(f"/v1/media/{begun['id']}/complete").raise_for_status()


def send(api: httpx.Client, session: str, **body: Any) -> dict[str, Any]:
    answer = api.post(f"/v1/sessions/{session}/messages", json={"to": f"+{THEIRS}", **body})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def arrived(simulator: httpx.Client, count: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]] | None:
        answer = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS})
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found if len(found) >= count else None

    found = poll(look, 60, f"{count} messages have arrived")
    assert len(found) == count
    return found
