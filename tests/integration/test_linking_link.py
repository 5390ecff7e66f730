"""The link for the person with the phone, over the API: one browser, some minutes, one code."""

import re
from typing import Any

import pytest

from infra.local.rest_events import Incoming, proxy_event
from tests.integration.api_client import (
    ADA,
    Answer,
    ApiClient,
    app_fixture,
    client_fixture,
    invoke,
    logged_fixture,
    set_status,
    show_code,
)
from tests.integration.fake_owner import owner_of
from waypost.bootstrap import App
from waypost.entities.head import claim
from waypost.entities.link import get_link, put_link

__all__ = ["app_fixture", "client_fixture", "logged_fixture"]

CODE = "2@abcdefghijklmnop,qrstuvwxyz,0123456789"
MINE, OTHERS = "a" * 64, "b" * 64


class Visitor:
    """A browser without a key."""

    def __init__(self, url: str, browser: str = MINE) -> None:
        self.path = re.sub(r"^https?://[^/]+", "", url)
        self.browser = browser

    def get(self, rest: str = "") -> Answer:
        return self._call("GET", rest, b"")

    def post(self, rest: str, body: str = "{}") -> Answer:
        return self._call("POST", rest, body.encode())

    def open(self) -> Answer:
        return self.post("/open")

    def state(self) -> Any:
        return self.get("/state").json()

    def _call(self, method: str, rest: str, body: bytes) -> Answer:
        headers = [("x-link-browser", self.browser), *([("content-type", "application/json")] if body else [])]
        return invoke(proxy_event(Incoming(method, self.path + rest, (), headers, body, "127.0.0.1", "r-1"), None))


def link_to(client: ApiClient, session: str, **headers: str) -> str:
    answer = client.call("POST", f"/v1/sessions/{session}/link", headers={"host": "waypost.example", **headers})
    assert answer.status == 201, answer.body
    return str(answer.json()["url"])


def test_the_first_browser_that_opens_it_sees_the_code_and_no_other_does(client: ApiClient) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE)
    url = link_to(client, session)
    assert url.startswith("https://waypost.example/link/")
    mine, others = Visitor(url), Visitor(url, OTHERS)
    assert Visitor(url, "short").open().code == "browser_unknown"
    assert mine.get("/state").code == "link_taken"  # nobody has opened it yet, so nobody is let in
    assert mine.open().status == 200
    assert mine.open().status == 200, "a retry of the same browser is the same browser"
    assert (others.open().status, others.open().code) == (409, "link_taken")
    assert others.get("/state").code == "link_taken"
    assert others.post("/pairing-code", f'{{"phone":"+{ADA}"}}').code == "link_taken"
    state = mine.state()
    assert (state["step"], state["qr"]["sequence"], state["qr"]["attempt"], state["qr"]["attempts"]) == (
        "scan",
        1,
        1,
        3,
    )
    assert state["qr"]["picture"].startswith("data:image/svg+xml;base64,")
    assert 0 < state["qr"]["seconds_left"] <= 60
    assert 0 < state["seconds_left"] <= 600


def test_fetching_the_page_uses_nothing_up_and_tells_nothing(client: ApiClient) -> None:
    session = client.session(linked=False)
    url = link_to(client, session)
    page, unknown = Visitor(url).get(), Visitor("https://waypost.example/link/nobody").get()
    assert page.status == unknown.status == 200
    assert page.body == unknown.body
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(re.findall(r"sha256-", policy)) == 2
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(rb"""(src|href)=["']?(https?:)?//""", page.body), "the page loads something from elsewhere"
    assert Visitor(url, OTHERS).open().status == 200


@pytest.mark.parametrize("spoil", ["secret", "session", "nonsense"])
def test_a_link_that_is_not_right_is_answered_the_same_whatever_is_wrong(client: ApiClient, spoil: str) -> None:
    url = link_to(client, client.session(linked=False))
    name, _, secret = url.rpartition("/")[2].partition("_")
    token = {"secret": f"{name}_{secret[::-1]}", "session": f"{name[::-1]}_{secret}", "nonsense": "x" * 90}[spoil]
    answer = Visitor(f"/link/{token}").open()
    assert (answer.status, answer.code) == (404, "link_not_found")


def test_a_link_ends_by_time_by_a_new_one_by_hand_and_with_its_session(client: ApiClient, app: App) -> None:
    session = client.session(linked=False)
    first = Visitor(link_to(client, session))
    assert first.open().status == 200
    second = Visitor(link_to(client, session))
    assert first.get("/state").code == "link_not_found", "a new link ends the one before"
    assert second.open().status == 200
    assert client.delete(f"/v1/sessions/{session}/link").status == 204
    assert second.get("/state").code == "link_not_found"
    third = Visitor(link_to(client, session))
    link = get_link(app.table, session)
    assert link is not None
    put_link(app.table, type(link)(link.session, link.mac, app.now_ms() - 1))
    assert third.open().code == "link_not_found"
    fourth = Visitor(link_to(client, session))
    client.delete(f"/v1/sessions/{session}")
    assert fourth.open().code == "link_not_found"
    assert get_link(app.table, session) is None


def test_only_macs_of_the_secrets_are_kept_and_nothing_of_them_is_logged(
    client: ApiClient, app: App, logged: Any
) -> None:
    session = client.session(linked=False)
    url = link_to(client, session)
    Visitor(url).open()
    secret = url.rpartition("_")[2]
    stored = repr(get_link(app.table, session))
    assert secret not in stored
    assert MINE not in stored
    assert secret not in logged.getvalue()
    assert MINE not in logged.getvalue()


def test_once_linked_it_never_shows_a_code_again(client: ApiClient) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE)
    visitor = Visitor(link_to(client, session))
    visitor.open()
    set_status(session, "working", me=client._me(session))
    assert (visitor.state()["step"], visitor.state()["over"]) == ("linked", True)
    show_code(client, session, CODE)
    set_status(session, "scan_qr", me=None)
    assert visitor.state()["qr"] is None
    assert visitor.post("/again").code == "not_over"


def test_a_linked_session_gets_no_link_and_a_stopped_one_is_started(client: ApiClient) -> None:
    assert client.post(f"/v1/sessions/{client.session()}/link").code == "already_linked"
    stopped = client.post("/v1/sessions", {"name": "x", "start": False}).json()["id"]
    link_to(client, stopped)
    assert [head for head in _running() if head == stopped]


def _running() -> list[str]:
    from waypost import bootstrap
    from waypost.entities.head import list_running

    return [head.session for head in list_running(bootstrap.app().table)]


def test_a_code_to_type_is_given_and_a_wrong_number_is_told_how_to_mend(client: ApiClient, app: App) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE)
    claim(app.table, session, "wrk_1", app.now_ms(), app.now_ms() + 30_000)
    visitor = Visitor(link_to(client, session))
    visitor.open()
    expires_ms = app.now_ms() + 60_000
    with owner_of(app, session, pairing_code=lambda _: {"code": "ABCD-EFGH", "expires_ms": expires_ms}) as owner:
        answer = visitor.post("/pairing-code", f'{{"phone":"+{ADA}"}}').json()
        assert answer["code"] == "ABCD-EFGH"
        assert 0 < answer["seconds_left"] <= 60
        assert owner.asked == [("pairing_code", {"phone": ADA})]
        assert visitor.post("/pairing-code", '{"phone":"12"}').json()["mend"].startswith("Give an international number")
        # The same by the API, with the same clear refusals.
        asked = client.post(f"/v1/sessions/{session}/pairing-code", {"phone": f"+{ADA}"})
        assert (asked.status, asked.json()["code"]) == (200, "ABCD-EFGH")
        set_status(session, "working", me=client._me(session))
        assert client.post(f"/v1/sessions/{session}/pairing-code", {"phone": f"+{ADA}"}).code == "already_linked"


def test_a_failed_login_can_be_tried_again_from_the_page(client: ApiClient) -> None:
    session = client.session(linked=False)
    visitor = Visitor(link_to(client, session))
    visitor.open()
    assert visitor.post("/again").code == "not_over"
    client.post(f"/v1/sessions/{session}/stop")
    set_status(session, "failed")
    state = visitor.state()
    assert (state["again"], state["step"]) == (True, None)
    assert visitor.post("/again").json()["step"] == "scan"
    assert visitor.state()["again"] is False


@pytest.mark.parametrize(
    ("status", "next_", "command"),
    [
        ("scan_qr", "scan_code", None),
        ("passkey_required", "finish_on_operator_machine", "waypost link {}"),
        ("failed", "start_again", None),
        ("working", None, None),
    ],
)
def test_a_session_says_what_has_to_be_done(
    client: ApiClient, status: str, next_: str | None, command: str | None
) -> None:
    session = client.session(linked=False)
    show_code(client, session, CODE, sequence=8)
    set_status(session, status)
    said = client.get(f"/v1/sessions/{session}").json()
    assert said["next"] == next_
    assert said["command"] == (command.format(session) if command else None)
    assert (said["linking"] is not None) == (status == "scan_qr")
