"""What people do with text, all the way: API, command, errand, page and WhatsApp, and back as events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.house import House, link, poll, status_of

ANA, BRUNO, CARLA, DORA = "4915112345621", "4915112345622", "4915112345623", "4915112345624"
NOBODY = "4915112345699"


@dataclass
class World:
    """One linked session of Ana's, and the phones of the others."""

    api: httpx.Client
    phones: httpx.Client
    session: str

    @property
    def path(self) -> str:
        return f"/v1/sessions/{self.session}"

    def phone(self, number: str, path: str, body: Any) -> Any:
        return self.phones.post(f"/control/accounts/{number}/{path}", json=body).raise_for_status().json()

    def ask(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        answer = self.api.request(method, f"{self.path}/{path}", json=body)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def message(self, message: str) -> Any:
        return self.ask("GET", f"messages/{message}")

    def sent(self, to: str, text: str, **more: Any) -> Any:
        """Sent and delivered."""
        message = self.ask("POST", "messages", {"to": to, "text": text, **more}, 202)["id"]
        return poll(lambda: self._settled(message), 30, "it is delivered")

    def _settled(self, message: str) -> Any:
        found = self.message(message)
        return found if found["status"] in ("delivered", "read", "failed") else None

    def received(self, text: str) -> Any:
        """The event of a message that came in."""

        def look() -> Any:
            return next((e for e in self.events("message_received") if e["data"]["text"] == text), None)

        return poll(look, 20, f"{text} came in")["data"]

    def events(self, kind: str) -> list[Any]:
        found: list[Any] = []
        after = 0
        while True:
            query: dict[str, Any] = {"session_id": self.session, "after": after, "limit": 500}
            page = self.api.get("/v1/events", params=query).raise_for_status().json()["events"]
            if not page:
                return found
            found += [event for event in page if event["type"] == kind]
            after = page[-1]["sequence"]

    def changes(self, message: str) -> list[Any]:
        told = [event["data"] for event in self.events("message_status_update")]
        return [data for data in told if data["message_id"] == message and "change" in data]

    def wait_change(self, message: str, change: str) -> Any:
        def look() -> Any:
            return next((data for data in self.changes(message) if data["change"] == change), None)

        return poll(look, 20, f"{change} is told")


@pytest.fixture(scope="module")
def world(house: House) -> Iterator[World]:
    session = link(house, ANA)
    with house.api() as api, house.simulator() as phones:
        for number, name in ((BRUNO, "Bruno"), (CARLA, "Carla"), (DORA, "Dora")):
            phones.post("/control/accounts", json={"number": number, "name": name}).raise_for_status()
        yield World(api, phones, session)


def hex_of(message: Any) -> str:
    return str(message["whatsapp_id"])


def test_a_message_is_edited_reacted_to_and_revoked_by_us(world: World) -> None:
    message = world.sent(BRUNO, "first")
    path = f"messages/{message['id']}"
    assert world.ask("POST", f"{path}/edit", {"text": "second"})["text"] == "second"
    [seen] = [m for m in _conversation(world, BRUNO, ANA) if m["id"] == hex_of(message)]
    assert seen["text"] == "second"
    reacted = world.ask("PUT", f"{path}/reaction", {"emoji": "👍"})
    assert reacted["reactions"] == [{"by": None, "emoji": "👍"}]
    assert world.ask("PUT", f"{path}/reaction", {"emoji": None})["reactions"] == []
    revoked = world.ask("POST", f"{path}/revoke")
    assert (revoked["text"], bool(revoked["revoked_at"])) == (None, True)
    assert world.ask("POST", f"{path}/edit", {"text": "third"}, 409)["code"] == "message_revoked"
    world.sent(BRUNO, "after all of it")
    assert [data["change"] for data in world.changes(message["id"])] == ["edited", "reaction", "reaction", "revoked"]


def test_what_others_do_with_messages_is_told_once(world: World) -> None:
    ours = world.sent(BRUNO, "a question")
    mark = {"with": ANA, "id": hex_of(ours), "emoji": "❤️"}
    world.phone(BRUNO, "messages/react", mark)
    told = world.wait_change(ours["id"], "reaction")
    assert (told["emoji"], told["by"]["pn"]) == ("❤️", f"{BRUNO}@c.us")
    theirs = world.phone(BRUNO, "messages", {"to": ANA, "text": "an anwser"})["id"]
    incoming = world.received("an anwser")
    world.phone(BRUNO, "messages/edit", {"with": ANA, "id": theirs, "text": "an answer"})
    assert world.wait_change(incoming["message_id"], "edited")["text"] == "an answer"
    assert world.message(incoming["message_id"])["text"] == "an answer"
    world.phone(BRUNO, "messages/revoke", {"with": ANA, "id": theirs})
    assert world.wait_change(incoming["message_id"], "revoked")["by"]["pn"] == f"{BRUNO}@c.us"
    assert world.message(incoming["message_id"])["text"] is None
    assert [data["change"] for data in world.changes(incoming["message_id"])] == ["edited", "revoked"]
    assert [data["emoji"] for data in world.changes(ours["id"])] == ["❤️"]


def test_chats_are_listed_read_and_written_in(world: World) -> None:
    world.phone(CARLA, "messages", {"to": ANA, "text": "hello Ana"})
    incoming = world.received("hello Ana")
    contact = incoming["chat"]["contact_id"]

    def newest() -> Any:
        first = world.ask("GET", "chats")["chats"][0]
        return first if first["chat"]["contact_id"] == contact else None

    chat = poll(newest, 10, "the chat comes first")
    assert (chat["unread"], chat["last_message"]["text"]) == (1, "hello Ana")
    assert world.ask("POST", f"chats/{contact}/read") == {"done": True}
    assert world.ask("GET", "chats")["chats"][0]["unread"] == 0
    poll(lambda: [m for m in _conversation(world, CARLA, ANA) if m["ack"] == 3], 20, "Carla sees that it was read")
    assert world.ask("POST", f"chats/{contact}/typing", {"state": "composing", "seconds": 1}) == {"done": True}


def test_typing_and_presence_of_a_chat_that_was_written_in_are_told(world: World) -> None:
    world.sent(DORA, "are you there?")
    world.phone(DORA, "presence", {"state": "available"})
    world.phone(DORA, "typing", {"to": ANA, "state": "composing"})

    def of_dora(kind: str, state: str) -> Any:
        return [
            e for e in world.events(kind) if (e["data"]["chat"]["pn"], e["data"]["state"]) == (f"{DORA}@c.us", state)
        ]

    poll(lambda: of_dora("typing_indicator", "composing"), 20, "Dora writes")
    poll(lambda: of_dora("contact_status", "available"), 20, "Dora is there")
    world.phone(DORA, "typing", {"to": ANA, "state": "paused"})
    poll(lambda: of_dora("typing_indicator", "paused"), 20, "Dora pauses")


def test_who_is_not_on_whatsapp_is_told_before_anything_is_sent(world: World) -> None:
    found = world.ask("POST", "contacts/check", {"chat": f"+{CARLA}"})
    assert (found["exists"], found["pn"]) == (True, f"{CARLA}@c.us")
    assert world.ask("POST", "contacts/check", {"chat": NOBODY}) == {
        "exists": False, "contact_id": None, "pn": None, "lid": None,
    }  # fmt: skip
    failed = world.sent(NOBODY, "hello?")
    assert (failed["status"], failed["reason"], failed["attempts"]) == ("failed", "not_on_whatsapp", 0)
    refused = world.ask("POST", "groups", {"subject": "Nobody", "participants": [NOBODY]}, 422)
    assert (refused["code"], refused["category"]) == ("not_on_whatsapp", "whatsapp_api")


def test_a_contact_is_saved_under_a_name(world: World) -> None:
    saved = world.ask("PUT", "contacts", {"chat": BRUNO, "name": "Bruno the Baker"})
    assert (saved["name"], saved["pn"]) == ("Bruno the Baker", f"{BRUNO}@c.us")

    def listed() -> bool:
        return "Bruno the Baker" in [contact["name"] for contact in world.ask("GET", "contacts")["contacts"]]

    poll(listed, 10, "the name is known to every process")
    [known] = world.phones.get(f"/control/accounts/{ANA}/contacts").raise_for_status().json()
    assert known == {"number": BRUNO, "name": "Bruno the Baker"}


def test_a_group_is_made_written_in_and_changed(world: World) -> None:
    made = world.ask("POST", "groups", {"subject": "Team", "participants": [BRUNO, f"+{CARLA}"]}, 201)
    assert {one["chat"]["pn"]: one["added"] for one in made["participants"]} == {
        f"{BRUNO}@c.us": True, f"{CARLA}@c.us": True,
    }  # fmt: skip
    group = made["contact_id"]
    assert group in {one["contact_id"] for one in world.ask("GET", "groups")["groups"]}
    sent = world.sent(made["id"], f"ask @{BRUNO}", mentions=[BRUNO])
    assert sent["status"] in ("delivered", "read")
    world.phone(BRUNO, "messages", {"to": made["id"], "text": "hello team"})
    incoming = world.received("hello team")
    assert (incoming["chat"]["contact_id"], incoming["from"]["pn"]) == (group, f"{BRUNO}@c.us")
    assert world.message(incoming["message_id"])["author"]["pn"] == f"{BRUNO}@c.us"
    changed = world.ask("POST", f"groups/{group}/participants", {"add": [DORA], "remove": [CARLA]})
    assert [one["added"] for one in changed["added"]] == [True]
    members = {one["chat"]["pn"]: one["admin"] for one in world.ask("GET", f"groups/{group}")["participants"]}
    assert members == {f"{ANA}@c.us": True, f"{BRUNO}@c.us": False, f"{DORA}@c.us": False}
    crowd = [f"49151{number:08d}" for number in range(257)]
    too_many = world.ask("POST", "groups", {"subject": "Crowd", "participants": crowd}, 422)
    assert "256" in too_many["mend"]


def test_a_phone_is_linked_by_letters(world: World) -> None:
    session = world.api.post("/v1/sessions", json={"name": "letters"}).raise_for_status().json()["id"]
    poll(lambda: status_of(world.api, session) == "scan_qr", 40, "it waits to be linked")
    answer = world.api.post(f"/v1/sessions/{session}/pairing-code", json={"phone": DORA})
    assert answer.status_code == 200, answer.text
    world.phone(DORA, "scan", {"code": answer.json()["code"]})
    poll(lambda: status_of(world.api, session) == "working", 40, "it works")
    events = world.api.get("/v1/events", params={"session_id": session}).raise_for_status().json()["events"]
    assert [event["data"]["status"] for event in events][-2:] == ["syncing", "working"]


def _conversation(world: World, number: str, peer: str) -> list[Any]:
    found: list[Any] = world.phones.get(f"/control/accounts/{number}/messages", params={"with": peer}).json()
    return found
