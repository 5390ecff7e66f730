"""Pools: a conversation stays with its session, and goes on elsewhere only as the pool's policy says (R-SAFE-2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api_client import ApiClient, app_fixture, client_fixture, set_status
from tests.integration.bulk_house import let_strangers_in, work_off
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.consent_settings import ConsentSettings
from waypost.domain.pool import Candidate, Choice, which_session
from waypost.entities.message import attempt_writes, get_message
from waypost.entities.pool import get_pool, settle_talk
from waypost.entities.session import Session
from waypost.services.address_book import AddressBook
from waypost.services.consent_settings import save_consent_settings
from waypost.services.pool_moves import nudge_gone
from waypost.services.pools import Chooser, Room

__all__ = ["app_fixture", "client_fixture"]


@pytest.fixture(autouse=True)
def anybody_fixture(client: ApiClient, app: App) -> None:
    let_strangers_in(app, client.tenant)


def pool_of(client: ApiClient, *sessions: str, policy: str = "wait") -> str:
    answer = client.post("/v1/pools", {"name": "Support", "sessions": list(sessions), "policy": policy})
    assert answer.status == 201, answer.body
    return str(answer.json()["id"])


def send(client: ApiClient, pool: str, to: str = "+4915112345610", **more: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/pools/{pool}/messages", {"to": to, "text": "hi", **more})
    assert answer.status == 202, answer.body
    return dict(answer.json())


def test_the_pure_choice() -> None:
    idle, busy = Candidate("a", usable=True, wait_ms=0), Candidate("b", usable=True, wait_ms=60_000)
    spent = Candidate("c", usable=True, first_contacts=0)
    unwell, gone = Candidate("d", usable=True, health=20), Candidate("e", usable=False, gone=True)
    stopped = Candidate("f", usable=False)
    assert which_session([busy, idle, spent, unwell], "x", talks_with=None, policy="wait") == Choice("a")
    assert which_session([busy, spent, unwell], "x", talks_with=None, policy="wait") == Choice("b")
    assert which_session([busy, idle], "x", talks_with="b", policy="move") == Choice("b")
    assert which_session([stopped, idle], "x", talks_with="f", policy="move") == Choice("f")
    assert which_session([gone, idle], "x", talks_with="e", policy="wait") == Choice("e")
    assert which_session([gone, idle], "x", talks_with="e", policy="move") == Choice("a", "e")
    assert which_session([idle], "x", talks_with="deleted", policy="wait") == Choice("a", "deleted")
    assert which_session([gone, stopped], "x", talks_with=None, policy="move") is None
    twins = [Candidate("a", usable=True), Candidate("b", usable=True)]
    chosen = {which_session(twins, str(number), talks_with=None, policy="wait") for number in range(20)}
    assert chosen == {Choice("a"), Choice("b")}  # among equals the work is shared


def test_a_conversation_stays_with_its_session_and_the_work_is_shared(client: ApiClient) -> None:
    pool = pool_of(client, client.session(), client.session(), client.session())
    chosen = {to: send(client, pool, to)["session_id"] for to in (f"+49151123456{number}" for number in range(10, 40))}
    assert len(set(chosen.values())) == 3
    assert all(send(client, pool, to)["session_id"] == session for to, session in chosen.items())


def test_two_first_messages_at_once_choose_the_same_session(client: ApiClient) -> None:
    pool = pool_of(client, *(client.session() for _ in range(4)))
    with ThreadPoolExecutor(8) as threads:
        for number in range(5):
            sent = list(threads.map(lambda _, n=number: send(client, pool, f"+491511234570{n}"), range(8)))
            assert len({message["session_id"] for message in sent}) == 1


def test_who_chooses_while_another_settles_goes_by_what_the_other_chose(client: ApiClient, app: App) -> None:
    sessions = [client.session() for _ in range(3)]
    pool = get_pool(app.table, pool_of(client, *sessions))
    assert pool is not None
    for session in sessions:

        def room_of(_session: Session, chosen: str = session) -> Room:
            settle_talk(app.table, pool.id, f"con_{chosen}", chosen, before=None)  # in between, by somebody else
            return Room()

        found, _ = Chooser(app.table, app.backlog, room_of).choose(pool, f"con_{session}", "bulk")
        assert found.id == session


def test_a_pool_that_waits_keeps_the_number(client: ApiClient) -> None:
    first, second = client.session(), client.session()
    pool = pool_of(client, first, second)
    session = send(client, pool)["session_id"]
    set_status(session, "banned", me=None)
    late = send(client, pool)
    assert (late["session_id"], late["estimate"]) == (session, {"at": None, "because": "session"})


def test_a_pool_that_moves_takes_what_waits_along_once(client: ApiClient, app: App) -> None:
    first, second = client.session(), client.session()
    pool = pool_of(client, first, second, policy="move")
    messages = [send(client, pool, lane=lane) for lane in ("interactive", "bulk", "interactive")]
    gone = messages[0]["session_id"]
    other = second if gone == first else first
    handed = get_message(app.table, messages[0]["id"])
    assert handed is not None
    app.table.transact(attempt_writes(handed, "3EB0", app.now_ms()))  # nobody knows whether this one left
    set_status(gone, "banned", me=None)
    for _ in range(3):  # duplicates of the nudge change nothing
        nudge_gone(gone, client.tenant, queues=app.engine.queues)
    work_off(app)
    old = [client.get(f"/v1/sessions/{gone}/messages/{message['id']}").json() for message in messages]
    assert [(one["status"], one["reason"]) for one in old] == [
        ("uncertain", "session_lost"), ("cancelled", "moved"), ("cancelled", "moved"),
    ]  # fmt: skip
    there = client.get(f"/v1/sessions/{other}/messages", query={"chat": "+4915112345610"}).json()["messages"]
    assert sorted(one["moved_from"] for one in there) == sorted(message["id"] for message in messages[1:])
    assert {one["text"] for one in there} == {"hi"}
    assert send(client, pool)["session_id"] == other
    told = client.get("/v1/events", query={"session_id": gone}).json()["events"]
    assert [event["data"]["moved_to"]["session_id"] for event in told if "moved_to" in event["data"]] == [other] * 2


def test_the_answer_and_an_event_tell_that_a_conversation_moved(client: ApiClient) -> None:
    first, second = client.session(), client.session()
    pool = pool_of(client, first, second, policy="move")
    gone = send(client, pool)["session_id"]
    set_status(gone, "banned", me=None)
    moved = send(client, pool)
    assert moved["moved_from_session"] == gone != moved["session_id"]
    told = client.get("/v1/events", query={"session_id": moved["session_id"]}).json()["events"]
    assert [event["data"]["pool"]["moved_from"] for event in told if event["type"] == "contact_status"] == [gone]
    assert send(client, pool)["moved_from_session"] is None


def test_a_pool_without_a_session_that_works_says_so(client: ApiClient) -> None:
    pool = pool_of(client, client.session(linked=False))
    answer = client.post(f"/v1/pools/{pool}/messages", {"to": "+4915112345610", "text": "hi"})
    assert (answer.status, answer.code) == (409, "pool_no_session")


def test_a_pool_is_changed_listed_and_deleted_and_is_nobody_elses(client: ApiClient) -> None:
    session = client.session()
    pool = pool_of(client)
    changed = client.call("PATCH", f"/v1/pools/{pool}", body={"sessions": [session, session], "policy": "move"}).json()
    assert (changed["name"], changed["sessions"], changed["policy"]) == ("Support", [session], "move")
    assert client.call("PATCH", f"/v1/pools/{pool}", body={}).code == "nothing_to_change"
    assert [one["id"] for one in client.get("/v1/pools").json()["pools"]] == [pool]
    assert ApiClient().get(f"/v1/pools/{pool}").status == 404
    assert client.post("/v1/pools", {"name": "x", "sessions": [ApiClient().session()]}).code == "session_not_found"
    assert client.delete(f"/v1/pools/{pool}").status == 204
    assert client.get(f"/v1/pools/{pool}").status == 404


def test_a_bulk_run_is_shared_by_a_pool_and_goes_on_when_a_session_is_lost(client: ApiClient, app: App) -> None:
    sessions = [client.session() for _ in range(3)]
    pool = pool_of(client, *sessions, policy="move")
    people = [{"to": f"+491511234{number}"} for number in range(5600, 5660)]
    run = client.post("/v1/bulk", {"pool_id": pool, "text": "hi", "recipients": people}).json()["id"]
    work_off(app)
    waiting = [client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["waiting"] for session in sessions]
    assert sum(waiting) == 60
    assert min(waiting) > 10
    set_status(sessions[0], "banned", me=None)
    nudge_gone(sessions[0], client.tenant, queues=app.engine.queues)
    work_off(app)
    assert client.get(f"/v1/bulk/{run}").json()["outcomes"] == {"accepted": 60}
    waiting = [client.get(f"/v1/sessions/{session}/queue").json()["bulk"]["waiting"] for session in sessions]
    assert (waiting[0], sum(waiting)) == (0, 60)


def test_bulk_goes_by_the_session_that_has_saved_the_person(client: ApiClient, app: App) -> None:
    rules = ConsentSettings(bulk_to_saved_only=True)
    save_consent_settings(client.tenant, rules, table=app.table, seals=app.seals)
    first, second = client.session(), client.session()
    pool = pool_of(client, first, second)
    for number in range(6):
        book = AddressBook((first, second)[number % 2], client.tenant, app.table, app.contacts)
        book.note([parse_address(f"+49151123456{number}0")])
    people = [{"to": f"+49151123456{number}0"} for number in range(7)]
    run = client.post("/v1/bulk", {"pool_id": pool, "text": "hi", "recipients": people}).json()["id"]
    work_off(app)
    rows = client.get(f"/v1/bulk/{run}/results").json()["results"]
    assert [row["session_id"] for row in rows] == [first, second] * 3 + [None]
    assert (rows[6]["outcome"], rows[6]["code"]) == ("refused", "not_a_saved_contact")
