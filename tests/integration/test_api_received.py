"""Reading what came in over the API: whole or in parts, by key or by link, and nothing for strangers."""

import hashlib
import os
from typing import Any

import pytest

import api.media_reading
from api.received_views import media_of_message
from infra.local.rest_events import Incoming, proxy_event
from tests.integration.api_client import Answer, ApiClient, app_fixture, client_fixture, invoke
from tests.integration.received_files import SMALL, file_came
from waypost import bootstrap
from waypost.bootstrap import App
from waypost.domain import received as rules
from waypost.entities.received import get_received, put_off_received
from waypost.services import receiving

__all__ = ["app_fixture", "client_fixture"]

DATA = os.urandom(2500)
PART = 1000


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rules, receiving):
        monkeypatch.setattr(module, "PART_BYTES", PART)
    monkeypatch.setattr(api.media_reading, "MAX_ANSWER_BYTES", PART)


def came(app: App, client: ApiClient, data: bytes = DATA, **more: Any) -> str:
    """A file, as the worker leaves it; its id."""
    return file_came(app, client.tenant, client.session(), data, name='Übersicht "1".mp4', part_bytes=PART, **more)


def without_key(path: str, headers: dict[str, str] | None = None) -> Answer:
    return invoke(proxy_event(Incoming("GET", path, (), tuple((headers or {}).items()), b"", "127.0.0.1"), None))


def test_a_file_that_came_in_is_the_same_resource_as_one_that_is_to_be_sent(app: App, client: ApiClient) -> None:
    told = client.get(f"/v1/media/{came(app, client)}").json()
    assert (told["direction"], told["state"], told["size"], told["refusal"]) == ("in", "ready", len(DATA), None)
    assert told["received"]["sha256"] == hashlib.sha256(DATA).hexdigest()
    ours = client.post("/v1/media", {"size": 10}).json()
    assert (ours["direction"], ours["received"]) == ("out", None)


def test_a_large_file_is_read_in_parts_that_join(app: App, client: ApiClient) -> None:
    path = f"/v1/media/{came(app, client)}/content"
    whole = client.get(path)
    assert (whole.status, whole.code, whole.headers["content-range"]) == (416, "range_refused", "bytes */2500")
    got, at = b"", 0
    while at < len(DATA):
        answer = client.get(path, headers={"Range": f"bytes={at}-"})
        assert answer.status == 206
        assert answer.headers["content-range"] == f"bytes {at}-{min(at + PART, len(DATA)) - 1}/2500"
        got += answer.body
        at = len(got)
    assert got == DATA
    assert client.get(path, headers={"Range": "bytes=990-1009"}).body == DATA[990:1010]
    assert client.get(path, headers={"Range": "bytes=-7"}).body == DATA[-7:]
    assert client.get(path, headers={"Range": "bytes=2500-"}).status == 416


def test_a_small_file_is_read_at_once_and_served_without_rights(app: App, client: ApiClient) -> None:
    answer = client.get(f"/v1/media/{came(app, client, DATA[:900], mime='text/html')}/content")
    assert (answer.status, answer.body) == (200, DATA[:900])
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"].startswith('attachment; filename="_bersicht _1_.mp4"; filename*=UTF-8')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer.headers["cache-control"]
    assert client.get(f"/v1/media/{came(app, client, b'')}/content").status == 200


def test_a_part_of_another_version_is_not_given(app: App, client: ApiClient) -> None:
    path = f"/v1/media/{came(app, client)}/content"
    tag = client.get(path, headers={"Range": "bytes=0-1"}).headers["etag"]
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": tag}).status == 206
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status == 416


def test_the_thumbnail_is_whatsapps(app: App, client: ApiClient) -> None:
    answer = client.get(f"/v1/media/{came(app, client)}/thumbnail")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "image/jpeg", SMALL)


def test_a_link_needs_no_key_and_ends(app: App, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = client.post(f"/v1/media/{came(app, client)}/link", {"seconds": 60}).json()
    path = "/media/" + made["url"].rpartition("/")[2]
    answer = without_key(path, {"range": "bytes=0-9"})
    assert (answer.status, answer.body) == (206, DATA[:10])
    token = path.rpartition("/")[2]
    name, ends, mac = token.split("_")
    for forged in (f"{name}_{int(ends, 16) + 60:08x}_{mac}", f"{'0' * 26}_{ends}_{mac}", token[:-1], "x", ""):
        assert without_key(f"/media/{forged}").status == 404
    later = bootstrap.app().now_ms() + 61_000
    monkeypatch.setattr(bootstrap, "_now_ms", lambda: later)
    assert without_key(path, {"range": "bytes=0-9"}).code == "media_link_not_found"


def test_a_browser_that_opens_the_link_of_a_large_file_gets_a_page_that_joins_it(app: App, client: ApiClient) -> None:
    evil = '"><script>alert(1)</script>{size}.pdf'
    media = file_came(app, client.tenant, client.session(), DATA, name=evil, part_bytes=PART)
    path = "/media/" + client.post(f"/v1/media/{media}/link").json()["url"].rpartition("/")[2]
    page = without_key(path, {"accept": "text/html,application/xhtml+xml"})
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<script>alert" not in page.body
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    assert without_key(path, {"accept": "text/html", "range": "bytes=0-9"}).body == DATA[:10]
    assert without_key(path, {"accept": "*/*"}).code == "range_refused"


def test_a_browser_is_told_in_plain_words_of_a_link_that_is_over(
    app: App, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/media/" + client.post(f"/v1/media/{came(app, client)}/link").json()["url"].rpartition("/")[2]
    browser = {"accept": "text/html,application/xhtml+xml"}
    good = without_key(path, browser)
    later = app.now_ms() + 301_000
    monkeypatch.setattr(bootstrap, "_now_ms", lambda: later)
    for link in (path, path[:-1], "/media/x"):
        page = without_key(link, browser)
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert b"not valid any more" in page.body
        assert b"/v1/" not in page.body
        for name in ("cache-control", "referrer-policy", "x-content-type-options", "x-robots-tag", "vary"):
            assert page.headers[name] == good.headers[name]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for accept in ({}, {"accept": "*/*"}):
            assert without_key(link, accept).code == "media_link_not_found"


def test_strangers_see_nothing(app: App, client: ApiClient) -> None:
    media, stranger = came(app, client), ApiClient()
    for path in ("", "/content", "/thumbnail"):
        assert stranger.get(f"/v1/media/{media}{path}").code == "media_not_found"
    for path in ("/link", "/retry"):
        assert stranger.post(f"/v1/media/{media}{path}").code == "media_not_found"
    assert client.get("/v1/media/../content").status == 404


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_what_is_not_here_says_so(app: App, client: ApiClient, state: Any) -> None:
    media = came(app, client, state=state, code="media_gone" if state == "failed" else None)
    for answer in (client.get(f"/v1/media/{media}/content"), client.post(f"/v1/media/{media}/link")):
        assert (answer.status, answer.code) == (409, "media_not_ready")
    told = client.get(f"/v1/media/{media}").json()
    assert (told["refusal"] or {}).get("code") == ("media_gone" if state == "failed" else None)


def test_a_file_that_is_asked_for_again_says_why_the_last_try_failed(app: App, client: ApiClient) -> None:
    media = came(app, client, state="pending")
    assert client.get(f"/v1/media/{media}").json()["received"]["code"] is None
    received = get_received(app.table, media, app.now_ms())
    assert received is not None
    put_off_received(app.table, received, app.now_ms() + 3000, "media_gone", tried=True)
    told = client.get(f"/v1/media/{media}").json()
    assert (told["state"], told["received"]["code"], told["refusal"]) == ("pending", "media_gone", None)
    in_message = media_of_message({"media": media}, app)
    assert in_message is not None
    assert (in_message["state"], in_message["code"]) == ("pending", "media_gone")


def test_a_failed_file_can_be_asked_for_again(app: App, client: ApiClient) -> None:
    media = came(app, client, state="failed", code="media_gone")
    assert client.post(f"/v1/media/{media}/retry").json()["state"] == "pending"
    assert client.post(f"/v1/media/{media}/retry").json()["state"] == "pending"
    here = came(app, client)
    assert client.post(f"/v1/media/{here}/retry").json()["state"] == "ready"
    lost = came(app, client, state="failed", code="media_on_phone_only")
    assert client.post(f"/v1/media/{lost}/retry").code == "media_failed_for_good"


def test_what_was_kept_for_its_time_is_gone(app: App, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    media = came(app, client)
    later = app.now_ms() + round(30.1 * 24 * 3600 * 1000)
    monkeypatch.setattr(bootstrap, "_now_ms", lambda: later)
    assert client.get(f"/v1/media/{media}").code == "media_not_found"
