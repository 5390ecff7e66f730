"""Handing a linked profile over, over the API: one at a time, under a lease, sealed all the way."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.api_client import ApiClient, app_fixture, client_fixture
from waypost.bootstrap import App
from waypost.domain.handover import cut, join
from waypost.entities.handover import get_handover
from waypost.entities.head import claim, get_head
from waypost.errors import ConditionFailed, ValidationError
from waypost.services.handover import ready_handover, unwrap_key

__all__ = ["app_fixture", "client_fixture"]

PLAIN = b"a whole profile" * 40_000


def stopped(client: ApiClient) -> str:
    return str(client.post("/v1/sessions", {"name": "x", "start": False}).json()["id"])


def put(client: ApiClient, session: str, epoch: int, number: int, data: bytes) -> int:
    body = {"epoch": epoch, "number": number, "data": base64.b64encode(data).decode()}
    return client.call("PUT", f"/v1/sessions/{session}/handover", body=body).status


def test_what_is_handed_over_arrives_sealed_and_the_session_is_wanted(client: ApiClient, app: App) -> None:
    session = stopped(client)
    begun = client.post(f"/v1/sessions/{session}/handover").json()
    key, epoch = base64.b64decode(begun["key"]), begun["epoch"]
    with pytest.raises(ConditionFailed):
        claim(app.table, session, "wrk_1", app.now_ms(), app.now_ms() + 30_000)
    parts = cut(PLAIN, key=key, session=session, epoch=epoch, part_bytes=begun["part_bytes"])
    assert len(parts) == 4
    early = client.post(f"/v1/sessions/{session}/handover/complete", {"epoch": epoch, "parts": 4})
    assert (early.status, early.code) == (409, "parts_missing")
    for number in (2, 1, 3, 4, 4):
        assert put(client, session, epoch, number, parts[number - 1]) == 204
    done = client.post(f"/v1/sessions/{session}/handover/complete", {"epoch": epoch, "parts": 4})
    assert done.status == 200
    handover = ready_handover(session, table=app.table)
    assert handover is not None
    assert base64.b64encode(key) not in repr(get_handover(app.table, session)).encode()
    stored = [app.engine.blobs["profiles"].get(name) for name in sorted(app.engine.blobs["profiles"].list("handover/"))]
    opened = unwrap_key(handover, client.tenant, keys=app.engine.keys)
    assert join(stored, key=opened, session=session, epoch=epoch) == PLAIN
    assert claim(app.table, session, "wrk_1", app.now_ms(), app.now_ms() + 30_000).epoch == epoch + 1
    assert put(client, session, epoch, 1, b"too late") == 409


def test_nobody_hands_over_what_runs_or_is_linked_or_is_being_handed_over(client: ApiClient, app: App) -> None:
    running = client.session(linked=False)
    assert client.post(f"/v1/sessions/{running}/handover").code == "session_running"
    assert client.post(f"/v1/sessions/{client.session()}/handover").code == "already_linked"
    owned = stopped(client)
    claim(app.table, owned, "wrk_1", app.now_ms(), app.now_ms() + 30_000)
    assert client.post(f"/v1/sessions/{owned}/handover").code == "session_running"
    session = stopped(client)
    first = client.post(f"/v1/sessions/{session}/handover").json()
    assert client.post(f"/v1/sessions/{session}/handover").code == "session_running"
    assert client.delete(f"/v1/sessions/{session}/handover").status == 204
    second = client.post(f"/v1/sessions/{session}/handover").json()
    assert put(client, session, first["epoch"], 1, b"of the first") == 409
    assert put(client, session, second["epoch"], 1, b"of the second") == 204
    assert client.delete(f"/v1/sessions/{session}/handover").status == 204
    assert app.engine.blobs["profiles"].list("handover/") == []
    head = get_head(app.table, session)
    assert head is not None
    assert head.owner is None


@given(st.binary(max_size=500), st.integers(1, 60))
def test_a_part_that_is_changed_moved_doubled_or_left_out_is_noticed(data: bytes, size: int) -> None:
    key, where = bytes(32), {"session": "ses_a", "epoch": 3}
    parts = cut(data, key=key, part_bytes=size, **where)  # type: ignore[arg-type]
    assert join(parts, key=key, **where) == data  # type: ignore[arg-type]
    spoiled = [parts[:-1], [*parts, parts[-1]], [bytes([parts[0][0] ^ 1]) + parts[0][1:], *parts[1:]]]
    if len(parts) > 1 and parts[0] != parts[1]:
        spoiled.append([parts[1], parts[0], *parts[2:]])
    for bad in spoiled:
        with pytest.raises(ValidationError):
            join(bad, key=key, **where)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        join(parts, key=key, session="ses_b", epoch=3)


def test_what_is_not_good_is_refused_by_the_worker(client: ApiClient, app: App) -> None:
    import asyncio

    from containers.worker.vault.handed_over import HandedOver
    from waypost.entities.session import get_session

    session_id = stopped(client)
    begun = client.post(f"/v1/sessions/{session_id}/handover").json()
    put(client, session_id, begun["epoch"], 1, b"nothing that was sealed with the key")
    client.post(f"/v1/sessions/{session_id}/handover/complete", {"epoch": begun["epoch"], "parts": 1})
    session = get_session(app.table, session_id)
    assert session is not None
    assert asyncio.run(HandedOver(app, session).take()) is None
    assert get_handover(app.table, session_id) is None
    assert not Path(app.settings.home / "profiles" / session_id).exists()
