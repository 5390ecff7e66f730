"""A file that is put into a running house's folder, or named by a URL, arrives at a person's phone (R-MED-4)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.corpus import documents, pictures
from tests.e2e.house import House, link, poll
from tests.integration.file_server import FileServer, answer

OURS, THEIRS = "4915112345621", "4915112345622"
CAPTION = "the quick brown fox 5d2b"
SECRET = "url-token-81c4"


def test_a_file_in_the_folder_arrives_with_its_caption_and_a_bad_one_is_explained(house: House) -> None:
    session = link(house, OURS)
    with house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": THEIRS, "name": "Grace"}).raise_for_status()
    chat = house.home / "drop" / session / f"+{THEIRS}"
    chat.mkdir(parents=True)
    (chat / "photo.jpg.json").write_text(json.dumps({"caption": CAPTION}))
    (chat / "photo.jpg").write_bytes(pictures.photo())
    (chat / "not-to-be.jpg.json").write_text("{}")
    (chat / "not-to-be.jpg").write_bytes(pictures.photo()[:500])
    (arrived,) = poll(lambda: of_type(house, "image"), 40, "the picture has arrived")
    assert (arrived["text"], arrived["media"]["facts"]["has_place"]) == (CAPTION, False)
    told = poll(lambda: reached(chat / "photo.jpg.status.json"), 40, "the outcome is told")
    with house.api() as api:
        message = api.get(f"/v1/sessions/{session}/messages/{told['waypost-message']}").raise_for_status().json()
    assert (message["type"], message["text"]) == ("image", CAPTION)
    reason = house.home / "rejected" / session / f"+{THEIRS}" / "not-to-be.jpg.reason.json"
    why = json.loads(poll(lambda: reason.read_text() if reason.exists() else None, 40, "the bad one is explained"))
    assert why["code"] == "media_truncated"
    assert not (chat / "photo.jpg").exists()
    assert len(of_type(house, "image")) == 1
    nothing_is_readable(house)


def test_a_file_that_is_named_by_a_url_arrives(house: House) -> None:
    with house.api() as api:
        session = api.get("/v1/sessions").raise_for_status().json()["sessions"][0]["id"]
    paper = documents.pdf()
    server = FileServer()
    try:
        path = f"/invoice.pdf?key={SECRET}"
        server.pages = {path: [answer(paper)]}
        url = f"http://127.0.0.1:{server.port}{path}"
        with house.api() as api:
            sent = api.post(f"/v1/sessions/{session}/messages", json={"to": f"+{THEIRS}", "media": {"url": url}})
            assert sent.status_code == 202, sent.text
        (arrived,) = poll(lambda: of_type(house, "document"), 60, "the document has arrived")
    finally:
        server.close()
    assert (arrived["media"]["filename"], arrived["media"]["sha256"]) == (
        "invoice.pdf",
        hashlib.sha256(paper).hexdigest(),
    )
    assert len(server.asked) == 1
    nothing_is_readable(house)


def of_type(house: House, kind: str) -> list[dict[str, Any]]:
    with house.simulator() as simulator:
        found = simulator.get(f"/control/accounts/{THEIRS}/messages", params={"with": OURS}).json()
    return [message for message in found if message["type"] == kind]


def reached(path: Path) -> dict[str, str] | None:
    try:
        told: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return told if told["waypost-status"] in ("sent", "delivered", "read") else None


def nothing_is_readable(house: House) -> None:
    """What was dropped is gone from the folder; a name, a caption or a URL stands nowhere else."""
    foreign = ("simulator", "profiles", "api-key", "rejected")
    for path in house.home.rglob("*"):
        if path.is_file() and path.relative_to(house.home).parts[0] not in foreign:
            stored = path.read_bytes()
            for secret in (OURS, THEIRS, CAPTION, SECRET, "photo.jpg", "invoice.pdf"):
                assert secret.encode() not in stored, f"{path.relative_to(house.home)} is readable"
