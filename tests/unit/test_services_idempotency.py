"""The stored answers of repeated requests, and contacts that stay with their tenant."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.api_client import GRACE, house
from waypost.bootstrap import App
from waypost.domain.addresses import Address
from waypost.errors import Conflict, IdempotencyMismatch, ValidationError
from waypost.services.contacts import Contacts
from waypost.services.idempotency import MAX_KEY, Request, Stored

NOW = 1_800_000_000_000


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[App]:
    with house(tmp_path / "home") as app:
        yield app


def request(app: App, key: str | None = "k", *, tenant: str = "ten_1", route: str = "POST /x") -> Request:
    return Request(tenant=tenant, route=route, key=key, keys=app.engine.keys)


def begin(app: App, key: str | None = "k", body: bytes = b"{}", *, now_ms: int = NOW) -> Stored | None:
    return request(app, key).begin(body, table=app.table, seals=app.seals, now_ms=now_ms)


def finish(app: App, body: bytes = b"answer", *, status: int = 201) -> None:
    request(app).finish(status, body, table=app.table, seals=app.seals)


def test_the_first_carries_on_and_the_next_gets_its_answer(app: App) -> None:
    assert begin(app) is None
    finish(app)
    assert begin(app) == Stored(201, b"answer")


def test_while_it_runs_and_with_another_body(app: App) -> None:
    begin(app)
    with pytest.raises(Conflict) as running:
        begin(app)
    assert running.value.code == "request_in_progress"
    with pytest.raises(IdempotencyMismatch):
        begin(app, body=b"other")
    finish(app)
    with pytest.raises(IdempotencyMismatch):
        begin(app, body=b"other")


def test_one_that_died_is_taken_over_by_the_same_body_only(app: App) -> None:
    begin(app)
    with pytest.raises(Conflict):
        begin(app, now_ms=NOW + 29_000)
    with pytest.raises(IdempotencyMismatch):
        begin(app, body=b"other", now_ms=NOW + 31_000)
    assert begin(app, now_ms=NOW + 31_000) is None
    with pytest.raises(Conflict):
        begin(app, now_ms=NOW + 32_000)


def test_an_abandoned_key_is_free(app: App) -> None:
    begin(app)
    request(app).abandon(table=app.table)
    assert begin(app, body=b"other") is None


def test_the_same_key_elsewhere_is_another(app: App) -> None:
    first = request(app).make_id("msg")
    assert first == request(app).make_id("msg")
    others = [request(app, "l"), request(app, tenant="ten_2"), request(app, route="POST /y"), request(app, None)]
    made = {first, request(app).make_id("ses"), *(other.make_id("msg") for other in others)}
    assert len(made) == 6


def test_without_a_key_nothing_is_kept(app: App) -> None:
    assert begin(app, None) is None
    request(app, None).finish(200, b"", table=app.table, seals=app.seals)
    request(app, None).abandon(table=app.table)
    assert request(app, None).make_id("msg") != request(app, None).make_id("msg")


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1)])
def test_a_key_of_the_wrong_length(app: App, key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        request(app, key)
    assert refused.value.code == "idempotency_key_invalid"


def test_a_contact_is_told_to_its_own_tenant_only(app: App) -> None:
    address = Address("user", GRACE)
    contact = app.contacts.resolve("ten_1", [address], name="Grace", now_ms=NOW)
    assert app.contacts.resolve("ten_1", [address], now_ms=NOW) == contact
    assert app.contacts.known("ten_1", contact)["name"] == "Grace"
    assert app.contacts.known("ten_2", contact) == {"pn": None, "lid": None, "name": None}
    assert app.contacts.find("ten_2", address) is None


def test_what_another_process_learns_of_a_contact_shows_soon(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    number, hidden = Address("user", GRACE), Address("lid", "123456789012345")
    elsewhere = Contacts(app.table, app.engine.keys, app.seals)
    contact = app.contacts.resolve("ten_1", [number], now_ms=NOW)
    assert elsewhere.resolve("ten_1", [number, hidden], name="Grace", now_ms=NOW) == contact
    monkeypatch.setattr("waypost.services.contacts._KNOWN_SECONDS", 0)
    app.contacts.resolve("ten_1", [number], name="G.", now_ms=NOW)  # learns over what it remembers of before
    known = app.contacts.known("ten_1", contact)
    assert known == {"pn": f"{GRACE}@c.us", "lid": "123456789012345@lid", "name": "G."}
    assert app.contacts.find("ten_1", hidden) == contact
