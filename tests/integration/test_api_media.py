"""Uploading a file over the API: in parts, sealed as they come, and told what became of it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import api.media
from media import handler
from media.bounds import Preparer
from tests.corpus import archives, pictures
from tests.integration.api_client import ApiClient, app_fixture, client_fixture
from waypost.bootstrap import App
from waypost.services import media as media_service
from waypost.services import media_uploads
from waypost.services.media import READY

__all__ = ["app_fixture", "client_fixture"]


@pytest.fixture(name="preparer", scope="module")
def preparer_fixture() -> Iterator[Preparer]:
    made_here = Preparer()
    yield made_here
    made_here.close()


def cut_every(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (media_service, media_uploads, api.media):
        monkeypatch.setattr(module, "PART_BYTES", size)


def begin(client: ApiClient, data: bytes, **said: Any) -> dict[str, Any]:
    answer = client.post("/v1/media", {"size": len(data), **said})
    assert answer.status == 201, answer.body
    begun: dict[str, Any] = answer.json()
    return begun


def put(client: ApiClient, media: str, number: int, data: bytes, kind: str = "application/octet-stream") -> Any:
    return client.call("PUT", f"/v1/media/{media}/parts/{number}", body=data, headers={"content-type": kind})


def upload(client: ApiClient, data: bytes, **said: Any) -> str:
    """All of it; the file's id."""
    begun = begin(client, data, **said)
    size = begun["upload"]["part_bytes"]
    for number in begun["upload"]["missing"]:
        assert put(client, begun["id"], number, data[(number - 1) * size : number * size]).status == 204
    done = client.post(f"/v1/media/{begun['id']}/complete")
    assert (done.status, done.json()["state"], done.json()["upload"]) == (200, "checking", None)
    return str(begun["id"])


def work(app: App, monkeypatch: pytest.MonkeyPatch, preparer: Preparer) -> None:
    """Let the function have all that waits in its queue."""
    monkeypatch.setattr(handler, "_preparer", lambda: preparer)
    queue = app.engine.queues.queue("media")
    while waiting := queue.receive(limit=1):
        [message] = waiting
        answer = handler.handler({"Records": [{"messageId": message.message_id, "body": message.body}]}, None)
        assert answer == {"batchItemFailures": []}
        queue.delete(message.receipt)


def test_a_file_comes_in_parts_is_sealed_as_it_comes_and_is_made_to_fit(
    app: App, client: ApiClient, monkeypatch: pytest.MonkeyPatch, preparer: Preparer, tmp_path: Path
) -> None:
    cut_every(1000, monkeypatch)
    photo = pictures.photo()
    media = upload(client, photo, type="image/jpeg", name="holiday-in-berlin.jpg")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert not any(plain in kept for plain in (photo[200:240], photo[-60:-20], b"holiday-in-berlin"))
    work(app, monkeypatch, preparer)
    told = client.get(f"/v1/media/{media}").json()
    data = b"".join(app.files.read(app.files.find(media, client.tenant), READY))
    assert (told["state"], told["refusal"], told["size"]) == ("ready", None, len(photo))
    assert (told["prepared"]["kind"], told["prepared"]["sha256"]) == ("image", hashlib.sha256(data).hexdigest())
    assert app.engine.blobs["media"].list("source/") == []
    assert put(client, media, 1, photo[:1000]).code == "upload_over"
    assert client.post(f"/v1/media/{media}/complete").json()["state"] == "ready"


def test_a_refused_file_says_why_and_how_to_mend_it(
    app: App, client: ApiClient, monkeypatch: pytest.MonkeyPatch, preparer: Preparer
) -> None:
    media = upload(client, archives.bomb(8))
    work(app, monkeypatch, preparer)
    told = client.get(f"/v1/media/{media}").json()
    assert (told["state"], told["prepared"], told["refusal"]["code"]) == ("refused", None, "media_zip_bomb")
    assert told["refusal"]["message"]
    assert told["refusal"]["mend"]


def test_parts_that_are_missing_wrong_or_unknown_are_told(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_every(10, monkeypatch)
    begun = begin(client, b"x" * 25)
    media = begun["id"]
    assert begun["upload"] == {"part_bytes": 10, "parts": 3, "missing": [1, 2, 3]}
    assert put(client, media, 2, bytes(range(246, 256))).status == 204
    assert client.get(f"/v1/media/{media}").json()["upload"]["missing"] == [1, 3]
    early = client.post(f"/v1/media/{media}/complete")
    assert (early.status, early.code) == (409, "parts_missing")
    for number, data, code in ((1, b"short", "part_size_wrong"), (4, b"x", "part_unknown"), (0, b"x", "part_unknown")):
        wrong = put(client, media, number, data)
        assert (wrong.status, wrong.code) == (422, code)
    assert put(client, media, 3, b"x" * 10).code == "part_size_wrong"
    assert put(client, media, 3, b"{}", "application/json").status == 415
    assert client.get(f"/v1/media/{media}").json()["upload"]["missing"] == [1, 3]


def test_what_is_too_large_or_no_name_is_refused_before_a_byte_is_sent(app: App, client: ApiClient) -> None:
    refused = client.post("/v1/media", {"size": app.settings.media_source_bytes + 1})
    assert (refused.status, refused.code) == (413, "media_source_too_large")
    for wrong in ({"size": 0}, {"size": 5, "kind": "poster"}, {"size": 5, "name": "a\nb"}):
        assert client.post("/v1/media", wrong).status == 422
    for wrong, code in (
        ({}, "size_or_url"),
        ({"size": 5, "url": "https://files.example/a.jpg"}, "size_or_url"),
        ({"size": 5, "name": "../x"}, "not_a_name"),
        ({"size": 0}, "media_empty"),
        ({"size": -1}, "too_small"),
    ):
        told = client.post("/v1/media", wrong).json()["errors"][0]
        assert (told["code"], bool(told["mend"])) == (code, True)


def test_another_tenants_file_is_not_there_and_a_repeated_request_makes_one(client: ApiClient) -> None:
    first = client.post("/v1/media", {"size": 5}, key="once").json()
    assert client.post("/v1/media", {"size": 5}, key="once").json()["id"] == first["id"]
    stranger = ApiClient()
    for answer in (
        stranger.get(f"/v1/media/{first['id']}"),
        put(stranger, first["id"], 1, b"12345"),
        stranger.post(f"/v1/media/{first['id']}/complete"),
        client.get("/v1/media/nothing"),
    ):
        assert (answer.status, answer.code) == (404, "media_not_found")
    assert media_service.parts_of(media_service.PART_BYTES + 1) == 2
