"""Chats, contacts and groups over the API, with an owner that does as it is told."""

from typing import Any

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture
from tests.integration.fake_owner import owner_of
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address

__all__ = ["app_fixture", "client_fixture"]

GROUP = "120363041234567890@g.us"


def contact_of(app: App, client: ApiClient, chat: str, name: str | None = None) -> str:
    return app.contacts.resolve(client.tenant, [parse_address(chat)], name=name, now_ms=app.now_ms())


def group_of(app: App, client: ApiClient) -> dict[str, Any]:
    """What the errands say of a group."""
    member = {"contact": contact_of(app, client, GRACE), "admin": True, "code": 200}
    return {"contact": contact_of(app, client, GROUP, "Team"), "subject": "Team", "participants": [member]}


def test_chats_come_latest_first_in_pages_with_their_last_message(client: ApiClient) -> None:
    session = client.session()
    numbers = [f"+4915112345{number}" for number in range(610, 615)]
    for number in (*numbers, numbers[0]):
        client.send(session, number, f"to {number}")
    path = f"/v1/sessions/{session}/chats"
    listed: list[Any] = []
    query = {"limit": "2"}
    while True:
        page = client.get(path, query=query).json()
        listed += page["chats"]
        if page["next_cursor"] is None:
            break
        query = {"limit": "2", "cursor": page["next_cursor"]}
    assert sorted(f"to +{chat['chat']['pn'][:-5]}" for chat in listed) == sorted(f"to {n}" for n in numbers)
    assert listed[0]["last_message"]["text"] == f"to {numbers[0]}"
    assert [chat["unread"] for chat in listed] == [0] * 5
    times = [chat["active_at"] for chat in listed]
    assert times == sorted(times, reverse=True)
    assert client.get(path, query={"cursor": "made-up"}).code == "invalid_cursor"


def test_only_an_id_of_ours_may_stand_in_a_path(client: ApiClient) -> None:
    session = client.session()
    for chat in (GRACE, f"{GRACE}@c.us", "con_nothing"):
        answer = client.post(f"/v1/sessions/{session}/chats/{chat}/read")
        assert (answer.status, answer.code) == (404, "contact_not_found")
        assert GRACE not in answer.body.decode()


@pytest.mark.parametrize("body", [{}, {"state": "shouting"}, {"state": "composing", "seconds": 61}])
def test_what_is_no_typing(client: ApiClient, body: Any) -> None:
    session = client.session()
    contact = client.send(session).json()["chat"]["contact_id"]
    assert client.post(f"/v1/sessions/{session}/chats/{contact}/typing", body).code == "invalid_request"


def test_whether_somebody_exists_is_asked_once_a_day(client: ApiClient, app: App) -> None:
    session = client.session()
    address = parse_address(GRACE)

    def errand(_arguments: dict[str, Any]) -> dict[str, Any]:
        found = app.existences.remember(client.tenant, address, [parse_address("777000001@lid"), address], app.now_ms())
        return {"exists": found.exists, "contact": found.contact}

    with owner_of(app, session, check_exists=errand) as owner:
        answers = [
            client.post(f"/v1/sessions/{session}/contacts/check", {"chat": chat}) for chat in (GRACE, f"+{GRACE}")
        ]
    assert len(owner.asked) == 1
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["pn"], answers[0].json()["lid"]) == (f"{GRACE}@c.us", "777000001@lid")
    refused = client.post(f"/v1/sessions/{session}/contacts/check", {"chat": GROUP})
    assert (refused.status, refused.code) == (422, "not_a_person")


def test_a_saved_name_wins_over_the_one_that_people_give_themselves(client: ApiClient, app: App) -> None:
    session = client.session()
    contact = client.send(session).json()["chat"]["contact_id"]

    def errand(arguments: dict[str, Any]) -> dict[str, Any]:
        app.contacts.save_name(client.tenant, contact, arguments["name"])
        return {"contact": contact}

    path = f"/v1/sessions/{session}/contacts"
    with owner_of(app, session, save_contact=errand):
        answer = client.call("PUT", path, body={"chat": GRACE, "name": "Grace Hopper"})
    contact_of(app, client, GRACE, "gh")
    assert (answer.status, answer.json()["name"]) == (200, "Grace Hopper")
    assert client.get(f"/v1/sessions/{session}/messages", query={"chat": contact}).json()["messages"][0]["chat"][
        "name"
    ] == ("Grace Hopper")


def test_groups_are_made_listed_and_changed(client: ApiClient, app: App) -> None:
    session = client.session()
    team = group_of(app, client)
    path = f"/v1/sessions/{session}/groups"
    errands: dict[str, Any] = {
        "create_group": lambda _: team,
        "list_groups": lambda _: {"groups": [{**team, "participants": []}]},
        "get_group": lambda _: team,
        "change_participants": lambda _: {"added": [{**team["participants"][0], "code": 403}], "group": team},
    }
    with owner_of(app, session, **errands) as owner:
        made = client.post(path, {"subject": " Team ", "participants": [GRACE, f"+{GRACE}"]})
        assert (made.status, made.json()["id"], made.json()["participants"][0]["added"]) == (201, GROUP, True)
        assert [group["subject"] for group in client.get(path).json()["groups"]] == ["Team"]
        one = f"{path}/{team['contact']}"
        assert client.get(one).json()["participants"][0]["admin"] is True
        changed = client.post(f"{one}/participants", {"add": [GRACE], "remove": []}).json()
        assert (changed["added"][0]["added"], changed["added"][0]["code"]) == (False, 403)
    assert owner.asked[0] == ("create_group", {"subject": "Team", "participants": [f"{GRACE}@c.us"]})


def test_what_no_group_can_be(client: ApiClient, app: App) -> None:
    session = client.session()
    path = f"/v1/sessions/{session}/groups"
    for body, code in (
        ({"subject": " ", "participants": [GRACE]}, "subject_empty"),
        ({"subject": "x", "participants": []}, "invalid_request"),
        ({"subject": "x" * 101, "participants": [GRACE]}, "invalid_request"),
        ({"subject": "x", "participants": [GROUP]}, "not_a_person"),
        ({"subject": "x", "participants": ["nobody"]}, "invalid_chat_id"),
    ):
        answer = client.post(path, body)
        assert (answer.status, answer.code) == (422, code), body
    crowd = client.post(path, {"subject": "x", "participants": [GRACE] * 257})
    assert (crowd.status, crowd.json()["errors"][0]["mend"]) == (422, "Give at most 256.")
    person = contact_of(app, client, GRACE)
    assert client.get(f"{path}/{person}").code == "group_not_found"
