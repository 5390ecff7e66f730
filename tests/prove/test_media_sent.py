"""The whole corpus through a running house to somebody's phone, by each of the three ways in: what arrives is what was
prepared, every hostile file fails with its own code, and nothing tells where it was taken."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from tests.e2e.house import House, link, poll
from tests.integration.file_server import FileServer, answer

OURS = "4915112347000"
THEIRS = {"upload": "4915112347001", "url": "4915112347002", "drop": "4915112347003"}
SECONDS = 600.0
# Only what is declared can be wrong, and a name in the folder declares nothing; an upload of no bytes is no upload.
NOT_BY = {"drop": ("media_type_mismatch",), "url": ("media_type_mismatch",), "upload": ("media_empty",)}
DRAWN_ANEW = ("image/png", "image/webp")  # by WhatsApp's page, which sends pictures as JPEG and makes its own stickers


@dataclass(frozen=True)
class Story:
    house: House
    session: str
    server: FileServer


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    home = Path(tmp_path_factory.mktemp("media")) / "home"
    house, server = House(home, environment={"WAYPOST_ALLOW_PRIVATE_SOURCES": "1"}), FileServer()
    house.start()
    try:
        session = link(house, OURS)
        with house.simulator() as simulator:
            for number in THEIRS.values():
                simulator.post("/control/accounts", json={"number": number}).raise_for_status()
        yield Story(house, session, server)
    finally:
        server.close()
        house.stop()


@pytest.mark.parametrize("way", list(THEIRS))
def test_the_corpus_arrives_as_it_was_prepared_or_fails_with_its_own_code(story: Story, way: str) -> None:
    files = [file for file in (*HONEST, *HOSTILE) if isinstance(file, Honest) or file.code not in NOT_BY[way]]
    with story.house.api() as api, story.house.simulator() as simulator:
        begun = {file.name: SEND[way](story, api, file, number) for number, file in enumerate(files)}
        for file in files:
            if isinstance(file, Honest):
                _check_arrived(file, _ended(api, story.session, begun[file.name], file.name), simulator, way)
            else:
                _check_refused(file, _outcome(api, story, begun[file.name], file.name))
        phone = simulator.get(f"/control/accounts/{THEIRS[way]}/messages", params={"with": OURS}).json()
    assert len(phone) == len([file for file in files if isinstance(file, Honest)])


def _upload(story: Story, api: httpx.Client, file: Honest | Hostile, _: int) -> dict[str, Any]:
    data = made(file.make)
    body = {"size": len(data), "type": file.declared, "kind": file.asked}
    begun = api.post("/v1/media", json=body).raise_for_status().json()
    length = begun["upload"]["part_bytes"]
    for number in begun["upload"]["missing"]:
        part = data[(number - 1) * length : number * length]
        headers = {"content-type": "application/octet-stream"}
        api.put(f"/v1/media/{begun['id']}/parts/{number}", content=part, headers=headers).raise_for_status()
    api.post(f"/v1/media/{begun['id']}/complete").raise_for_status()
    return _send(story, api, "upload", {"media": {"id": begun["id"]}, "filename": "file.bin"})


def _by_url(story: Story, api: httpx.Client, file: Honest | Hostile, number: int) -> dict[str, Any]:
    story.server.pages[f"/{number}"] = [answer(made(file.make))]
    url = f"http://127.0.0.1:{story.server.port}/{number}"
    return _send(story, api, "url", {"media": {"url": url}, "kind": file.asked, "filename": "file.bin"})


def _send(story: Story, api: httpx.Client, way: str, body: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/sessions/{story.session}/messages"
    got = api.post(path, json={"to": f"+{THEIRS[way]}", **body})
    found: dict[str, Any] = got.json()
    return {"code": found["code"]} if got.status_code == 422 else {"id": found["id"]}


def _drop(story: Story, _: httpx.Client, file: Honest | Hostile, number: int) -> dict[str, Any]:
    chat = story.house.home / "drop" / story.session / f"+{THEIRS['drop']}"
    chat.mkdir(parents=True, exist_ok=True)
    path = chat / f"file-{number:03d}.bin"
    path.with_name(f"{path.name}.json").write_text(json.dumps({"kind": file.asked} if file.asked else {}))
    path.write_bytes(made(file.make))
    return {"dropped": path}


SEND = {"upload": _upload, "url": _by_url, "drop": _drop}


def _ended(api: httpx.Client, session: str, begun: dict[str, Any], name: str) -> dict[str, Any]:
    """The message as it is when it has left, or failed."""
    if "dropped" in begun:
        status = begun["dropped"].with_name(f"{begun['dropped'].name}.status.json")
        told = poll(lambda: _read(status), SECONDS, f"{name} was taken up", every=0.2)
        begun = {"id": told["waypost-message"]}

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(f"/v1/sessions/{session}/messages/{begun['id']}").raise_for_status().json()
        return found if found["status"] not in ("accepted", "sending") else None

    return poll(look, SECONDS, f"{name} was sent", every=0.2)


def _read(path: Path) -> dict[str, str] | None:
    with contextlib.suppress(OSError, ValueError):
        told: dict[str, str] = json.loads(path.read_text())
        return told
    return None


def _outcome(api: httpx.Client, story: Story, begun: dict[str, Any], name: str) -> str:
    """Why it was not sent."""
    if "code" in begun:
        return str(begun["code"])
    if "dropped" not in begun:
        return str(_ended(api, story.session, begun, name)["reason"])
    path = begun["dropped"]
    why = story.house.home / "rejected" / story.session / path.parent.name / f"{path.name}.reason.json"
    return poll(lambda: _read(why), SECONDS, f"{name} was rejected", every=0.2)["code"]


def _check_arrived(file: Honest, message: dict[str, Any], simulator: httpx.Client, way: str) -> None:
    assert (message["status"] in ("sent", "delivered", "read"), message["type"]) == (True, file.kind), (
        f"{file.name}: {message['reason']} {message['failure']}"
    )
    number, ends = THEIRS[way], time.monotonic() + 60
    arrived: list[dict[str, Any]] = []
    while not arrived and time.monotonic() < ends:
        found = simulator.get(f"/control/accounts/{number}/messages", params={"with": OURS}).raise_for_status().json()
        arrived = [one for one in found if one["id"] == message["whatsapp_id"]]
        time.sleep(0.05)
    shown = arrived[0]["media"]
    told = message["media"]
    whole = told["mime"] not in DRAWN_ANEW and max(told["width"] or 0, told["height"] or 0) <= 2560
    if whole or file.kind == "document":
        assert (shown["sha256"], shown["size"]) == (told["sha256"], told["size"]), file.name
    if file.size is not None and max(file.size) <= 2560 and file.kind != "document":
        assert (shown["width"], shown["height"]) == file.size, file.name
    if file.seconds is not None and file.kind != "document":
        assert abs(float(shown["duration"]) - file.seconds) <= 1, file.name
    assert not shown["facts"]["has_place"], file.name


def _check_refused(file: Hostile, code: str) -> None:
    assert code == file.code, file.name
