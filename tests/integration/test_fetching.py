"""A file named by a URL: fetched from the public internet only, whatever names and redirects say, and bounded."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fetch import handler
from tests.corpus import pictures
from tests.integration.api_client import ApiClient, app_fixture, client_fixture
from tests.integration.file_server import FileServer, answer
from tests.integration.test_webhooks_transport import certificate
from waypost.bootstrap import App
from waypost.entities.media import Media, get_media
from waypost.errors import MediaRefused
from waypost.services import media as media_service
from waypost.services import media_uploads
from waypost.services.fetching import Fetcher, TryAgain
from waypost.services.media import SOURCE
from waypost.services.media_fetching import BACK_OFF_SECONDS, fetch_media
from waypost.services.media_preparing import StillClaimed
from waypost.services.media_urls import ask_to_fetch
from waypost.services.sweeping import sweep

__all__ = ["app_fixture", "client_fixture"]
TENANT, MEDIA = "ten_" + "0" * 26, "med_" + "0" * 26
PUBLIC = "93.184.216.34"
SECRET = "token-4711-secret"
LIMIT = 1_000_000


@pytest.fixture
def serve() -> Iterator[Callable[..., FileServer]]:
    servers: list[FileServer] = []

    def start(**pages: Any) -> FileServer:
        servers.append(FileServer(**pages))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve: Callable[..., FileServer]) -> FileServer:
    return serve()


def fetcher(**more: Any) -> Fetcher:
    return Fetcher(allow_private=True, **more)


def get(url: str, by: Fetcher, limit: int = LIMIT) -> bytes:
    with by.fetch(url, limit=limit) as found:
        return b"".join(found.pieces)


def refused(url: str, by: Fetcher, limit: int = LIMIT) -> str:
    """The code, and whether it may be tried again."""
    try:
        get(url, by, limit)
    except TryAgain as failed:
        return f"{failed.refused.code} again"
    except MediaRefused as error:
        return error.code
    return "fetched"


class World:
    """A resolver that gives the next addresses at each question, and one public address that is this machine's."""

    def __init__(self, server: FileServer, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: dict[str, list[list[str]]] = {}
        self.opened: list[str] = []
        self._really = socket.create_connection
        self._port = server.port
        self.fetcher = Fetcher(allow_private=False, resolve=self._resolve, tls=trusting)
        monkeypatch.setattr(socket, "create_connection", self._connect)

    def _resolve(self, host: str, _port: int) -> list[str]:
        known = self.addresses[host]
        return known.pop(0) if len(known) > 1 else known[0]

    def _connect(self, address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        self.opened.append(address[0])
        assert address[0] == PUBLIC, "an address that was to be refused"
        return self._really(("127.0.0.1", self._port), timeout=5)


@pytest.fixture
def world(serve: Callable[..., FileServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    serving, trusting = certificate("files.example", tmp_path)
    server = serve(tls=serving)
    server.pages = {"/a.bin": [answer(b"public")]}
    made = World(server, trusting, monkeypatch)
    made.addresses = {"files.example": [[PUBLIC]]}
    return made, server


def test_a_public_https_url_is_fetched_and_tells_no_secret_of_ours(world: tuple[World, FileServer]) -> None:
    made, server = world
    assert get("https://files.example/a.bin", made.fetcher) == b"public"
    head = server.asked[0].lower()
    assert "accept-encoding: identity" in head
    assert not any(name in head for name in ("cookie", "authorization", "referer"))


INNER = (
    "10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "168.63.129.16", "224.0.0.1", "0.0.0.0",
    "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
)  # fmt: skip


@pytest.mark.parametrize("how", ["at once", "after a redirect", "after the name changed", "among public ones"])
def test_no_way_leads_to_an_address_that_is_not_public(world: tuple[World, FileServer], how: str) -> None:
    made, server = world
    to, path = "https://inner.example/a.bin", "/redirect"
    server.pages["/redirect"] = [answer(status="302 Found", location=to)]
    for address in INNER:
        made.opened.clear()
        made.addresses = {"files.example": [[PUBLIC]], "inner.example": [[address]]}
        if how == "among public ones":
            path, made.addresses["files.example"] = "/a.bin", [[PUBLIC, address]]
        elif how == "after the name changed":
            server.pages["/redirect"] = [answer(status="307 Temporary Redirect", location="/a.bin")]
            made.addresses["files.example"] = [[PUBLIC], [address]]
        url = to if how == "at once" else f"https://files.example{path}"
        assert refused(url, made.fetcher) == "url_refused", address
        assert made.opened == ([PUBLIC] if how.startswith("after") else []), address


URLS = (
    "http://files.example/a.bin", "https://user:pass@files.example/a", "https://127.0.0.1/", "https://[::1]/",
    "https://2130706433/", "https://0x7f.1/", "ftp://files.example/a", "file:///etc/passwd",
    "https://files.example:99999/", "gopher://files.example/", "data:text/plain,x",
)  # fmt: skip


def test_what_is_no_fit_url_is_refused_also_as_the_end_of_a_redirect(world: tuple[World, FileServer]) -> None:
    made, server = world
    made.addresses |= {"2130706433": [["127.0.0.1"]], "0x7f.1": [["127.0.0.1"]]}
    for url in URLS:
        assert refused(url, made.fetcher) == "url_refused", url
        server.pages["/redirect"] = [answer(status="301 Moved", location=url)]
        assert refused("https://files.example/redirect", made.fetcher) == "url_refused", url


def test_redirects_are_followed_three_times_and_no_further(server: FileServer) -> None:
    base = f"http://127.0.0.1:{server.port}"
    server.pages = {
        "/0": [answer(status="301 Moved", location="/1")],
        "/1": [answer(b"never read", status="303 See Other", location=f"{base}/2")],
        "/2": [answer(status="308 Permanent Redirect", location="file%20name.bin?x=1")],
        "/file%20name.bin?x=1": [answer(b"here")],
        "/loop": [answer(status="302 Found", location="/loop")],
    }
    assert get(f"{base}/0", fetcher()) == b"here"
    assert refused(f"{base}/loop", fetcher()) == "url_redirects"
    assert len([asked for asked in server.asked if asked.startswith("GET /loop")]) == 4


def test_size_is_counted_whatever_the_server_says_of_it(server: FileServer) -> None:
    chunk = b"%x\r\n%s\r\n" % (1000, b"x" * 1000)
    server.pages = {
        "/told": [answer(b"x" * 50, content_length="5000000")],
        "/untold": [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * 5000],
        "/chunks": [answer(chunk * 5 + b"0\r\n\r\n", transfer_encoding="chunked")],
        "/short": [answer(b"x" * 50, content_length="100")],
        "/just": [answer(b"x" * 1000)],
    }
    base = f"http://127.0.0.1:{server.port}"
    codes = {path: refused(base + path, fetcher(), 1000) for path in server.pages}
    assert codes == {
        "/told": "url_too_large",
        "/untold": "url_too_large",
        "/chunks": "url_too_large",
        "/short": "url_unreachable again",
        "/just": "fetched",
    }


def test_what_is_no_file_is_refused_with_what_it_is(server: FileServer) -> None:
    server.pages = {
        "/gone": [answer(status="410 Gone")],
        "/login": [answer(b"<html>", content_type="text/HTML; charset=utf-8")],
        "/zipped": [answer(b"\x1f\x8b", content_encoding="gzip")],
        "/busy": [answer(status="503 Busy", retry_after="7")],
        "/nonsense": [b"SSH-2.0-OpenSSH\r\n\r\n"],
    }
    base = f"http://127.0.0.1:{server.port}"
    codes = {path: refused(base + path, fetcher()) for path in server.pages}
    assert codes == {
        "/gone": "url_status",
        "/login": "url_page",
        "/zipped": "url_compressed",
        "/busy": "url_status again",
        "/nonsense": "url_unreachable again",
    }


def test_a_slow_drip_ends_with_the_time_of_the_whole_fetch(serve: Callable[..., FileServer]) -> None:
    server = serve(drip_seconds=0.02)
    server.pages = {"/a": [answer(b"x" * 10_000)]}
    assert refused(f"http://127.0.0.1:{server.port}/a", fetcher(seconds=0.3)) == "url_too_slow again"


def test_a_silent_server_is_left_after_a_while(serve: Callable[..., FileServer]) -> None:
    server = serve(drip_seconds=60)
    server.pages = {"/a": [answer(b"x")]}
    assert refused(f"http://127.0.0.1:{server.port}/a", fetcher(read_seconds=0.2)) == "url_too_slow again"


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/files/invoice%2042.pdf?secret=1", {}, "invoice 42.pdf"),
        ("/x", {"content_disposition": 'attachment; filename="../../b.pdf"'}, "b.pdf"),
        ("/x", {"content_disposition": "attachment; filename*=UTF-8''B%C3%A4r.pdf"}, "Bär.pdf"),
        ("/x", {"content_disposition": "attachment; filename*=nonsense''%FF"}, "\u00ff"),
        ("/", {}, None),
    ],
)
def test_the_name_is_the_servers_or_the_end_of_the_path(
    server: FileServer, path: str, headers: dict[str, str], name: str | None
) -> None:
    server.pages = {path: [answer(b"x", **headers)]}
    with fetcher().fetch(f"http://127.0.0.1:{server.port}{path}", limit=10) as found:
        assert found.name == name


def ask(app: App, server: FileServer, path: str = f"/a.png?key={SECRET}") -> Media:
    url = f"http://127.0.0.1:{server.port}{path}"
    return ask_to_fetch(url, MEDIA, TENANT, files=app.files, allow_private=True, now_ms=app.now_ms())


def current(app: App) -> Media:
    media = get_media(app.table, MEDIA)
    assert media is not None
    return media


def once(app: App, now_ms: int = 0) -> str:
    return fetch_media(current(app), files=app.files, fetcher=fetcher(), now_ms=lambda: now_ms or app.now_ms())


def all_bytes(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_what_is_fetched_goes_on_as_an_upload_and_the_url_is_forgotten(
    app: App, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in (media_service, media_uploads):
        monkeypatch.setattr(module, "PART_BYTES", 1000)
    picture = pictures.photo()
    server.pages = {f"/a.png?key={SECRET}": [answer(picture)]}
    assert ask(app, server).state == "fetching"
    assert ask(app, server).id == MEDIA  # asked twice, it is the same
    assert once(app) == "checking"
    media = current(app)
    assert b"".join(app.files.read(media, SOURCE)) == picture
    asked = app.files.asked(media)
    assert (asked.url, asked.name, asked.size, media.attempts) == ("", "a.png", len(picture), 0)
    assert not any(secret in all_bytes(tmp_path / "home") for secret in (SECRET.encode(), picture[200:240]))
    assert SECRET not in caplog.text
    with pytest.raises(StillClaimed):  # told of again: it is over
        once(app)


def test_a_busy_server_is_asked_again_later_and_refused_at_last(app: App, server: FileServer) -> None:
    server.pages = {"/a.png": [answer(status="503 Busy")]}
    ask(app, server, "/a.png")
    now = app.now_ms()
    for wait in BACK_OFF_SECONDS:
        assert once(app, now) == "fetching"
        with pytest.raises(StillClaimed):
            once(app, now + wait * 1000 - 1)
        assert sweep(table=app.table, queues=app.engine.queues, now_ms=now + wait * 1000 - 1).media == 0
        now += wait * 1000 + 1
    assert once(app, now) == "refused"
    media = current(app)
    with pytest.raises(MediaRefused, match="503") as caught:
        app.files.prepared(media)
    assert (caught.value.code, app.files.asked(media).url) == ("url_status", "")
    assert len(server.asked) == len(BACK_OFF_SECONDS) + 1


def test_a_server_may_ask_for_more_time(app: App, server: FileServer) -> None:
    server.pages = {"/a.png": [answer(status="429 Too Many", retry_after="30"), answer(b"x" * 99)]}
    ask(app, server, "/a.png")
    now = app.now_ms()
    assert once(app, now) == "fetching"
    assert current(app).claimed_until_ms == now + 30_000
    assert once(app, now + 30_001) == "checking"


def test_a_try_that_breaks_leaves_the_next_one_free(
    app: App, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages = {"/a.png": [answer(b"x" * 99)]}
    ask(app, server, "/a.png")

    def full(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(media_service.Files, "write_source_part", full)
        with pytest.raises(OSError, match="space"):
            once(app)
    assert once(app) == "checking"


def test_a_lost_message_is_found_by_the_sweep(app: App, server: FileServer) -> None:
    ask(app, server, "/a.png")
    queue = app.engine.queues.queue("fetches")
    for message in queue.receive():
        queue.delete(message.receipt)
    assert sweep(table=app.table, queues=app.engine.queues, now_ms=app.now_ms() + 120_000).media == 1


def test_the_api_has_a_file_fetched(
    app: App, client: ApiClient, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = client.post("/v1/media", {"url": f"http://127.0.0.1:{server.port}/a.png"})
    assert (refused.status, refused.code, refused.json()["field"]) == (422, "url_refused", "url")
    assert refused.json()["mend"]
    for wrong in ({}, {"size": 5, "url": "https://files.example/a"}, {"url": "x" * 3000}):
        assert client.post("/v1/media", wrong).status == 422
    begun = client.post("/v1/media", {"url": "https://files.example/a.png?key=" + SECRET}, key="once")
    assert (begun.status, begun.json()["state"], begun.json()["upload"]) == (201, "fetching", None)
    assert client.post("/v1/media", {"url": "https://files.example/a.png?key=" + SECRET}, key="once").json() == (
        begun.json()
    )
    assert SECRET not in json.dumps(begun.json())
    made = Fetcher(allow_private=False, resolve=lambda _host, _port: ["169.254.169.254"])
    monkeypatch.setattr(handler, "_fetcher", lambda _: made)
    [message] = app.engine.queues.queue("fetches").receive(limit=1)
    record = {"messageId": message.message_id, "body": message.body}
    assert handler.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    told = client.get(f"/v1/media/{begun.json()['id']}").json()
    assert (told["state"], told["refusal"]["code"]) == ("refused", "url_refused")
