"""Files of the drop become messages once, are told of where they lie, and what is no good is moved away with why."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote_plus

import pytest

from drop import handler
from sweeper import handler as sweeper
from tests.corpus import pictures
from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.drops import KEPT_MS, NOTE_WAIT_MS
from waypost.domain.ids import make_id
from waypost.domain.media_refusals import refusal
from waypost.domain.message import Message
from waypost.entities.media import claim_media, get_media, settle_media
from waypost.entities.message import get_message, list_messages, step_write
from waypost.errors import ConditionFailed, Throttled
from waypost.ports import Queue, Queues
from waypost.services import drop_telling, media_uploads
from waypost.services import drops as drops_service
from waypost.services.drop_following import follow
from waypost.services.drop_telling import places_in
from waypost.services.drops import DropDesk, take
from waypost.services.media import SOURCE
from waypost.services.media_preparing import refuse_media

NUMBER = "4915112345602"
CHAT = f"drop/{SESSION}/+{NUMBER}"
PHOTO = pictures.photo()


@dataclass
class Told:
    """The queue `drop`, read at once, whatever was to be waited: (what, seconds)."""

    inner: Queues
    said: list[tuple[dict[str, Any], int]] = field(default_factory=list)

    def queue(self, name: str) -> Any:
        return self if name == "drop" else self.inner.queue(name)

    def send(self, body: str, *, delay_seconds: int = 0) -> str:
        self.said.append((json.loads(body), delay_seconds))
        return ""


@dataclass
class House:
    app: App
    home: Path
    told: Told
    passed_ms: int = 0

    @property
    def desk(self) -> DropDesk:
        queues = cast(Queues, self.told)
        return replace(handler._desk(self.app), queues=queues, now_ms=lambda: self.app.now_ms() + self.passed_ms)

    def put(self, name: str, data: bytes = PHOTO, chat: str = CHAT) -> str:
        key = f"{chat}/{name}"
        path = self.home / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return key

    def note(self, name: str, **said: Any) -> str:
        return self.put(f"{name}.json", json.dumps(said).encode())

    def take(self, key: str) -> str:
        return take(key, self.desk)

    def take_later(self, key: str) -> str:
        """When no note comes any more."""
        self.passed_ms += 6_000
        return self.take(key)

    def messages(self, to: str = NUMBER) -> list[Message]:
        contact = self.app.contacts.find(TENANT, parse_address(to))
        return (
            []
            if contact is None
            else list_messages(self.app.table, SESSION, contact, limit=50, cursor=None, newest_first=False)[0]
        )

    def content(self, message: Message) -> dict[str, Any]:
        opened = self.app.seals.open_json(TENANT, message.contact, f"message#{message.id}", message.content)
        return cast(dict[str, Any], opened)

    def tags(self, key: str) -> dict[str, str]:
        return dict(self.app.engine.drops.tags(key))

    def rejected(self) -> dict[str, str]:
        """By name: the code of what was refused, or what else lies there."""
        found = {}
        for path in sorted((self.home / "rejected").rglob("*")):
            if path.is_file():
                reason = path.name.endswith(".reason.json")
                found[path.name] = json.loads(path.read_text())["code"] if reason else ""
        return found

    def reason(self, name: str) -> dict[str, Any]:
        [path] = (self.home / "rejected").rglob(f"{name}.reason.json")
        return cast(dict[str, Any], json.loads(path.read_text()))

    def follows(self) -> list[tuple[str, int, int]]:
        return [(said["follow"], said["step"], wait) for said, wait in self.told.said if "follow" in said]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with sending_app(tmp_path / "home") as app:
        yield House(app, tmp_path / "home", Told(app.engine.queues))


def test_a_file_with_a_note_becomes_a_message_once_and_waits_for_its_session(house: House) -> None:
    key = house.put("photo.jpg")
    house.note("photo.jpg", caption="Hello", lane="bulk")
    assert house.take(key) == "accepted"
    assert [house.take(key) for _ in range(3)] == ["known"] * 3
    [message] = house.messages()
    assert (message.status, message.lane) == ("accepted", "bulk")
    content = house.content(message)
    assert (content["text"], content["filename"]) == ("Hello", "photo.jpg")
    media = get_media(house.app.table, content["media"])
    assert media is not None
    assert (media.state, b"".join(house.app.files.read(media, SOURCE))) == ("checking", PHOTO)
    assert house.tags(key) == {"waypost-status": "accepted", "waypost-message": message.id}
    assert not (house.home / f"{key}.json").exists()  # it has been read
    assert len(house.follows()) == 1
    assert house.app.engine.queues.queue("media").depth() == 1


def test_nothing_that_is_kept_or_told_holds_the_place_in_clear(house: House, caplog: pytest.LogCaptureFixture) -> None:
    key = house.put("secret-name.jpg")
    assert house.take(key) == "waits"
    house.take_later(key)
    kept = b"".join(path.read_bytes() for path in house.home.glob("waypost.db*"))
    assert not any(plain in kept for plain in (NUMBER.encode(), b"secret-name"))
    assert not any(plain in f"{caplog.text}{house.told.said}" for plain in (NUMBER, "secret-name"))


@pytest.mark.parametrize("order", ["note first", "file first", "note told of alone"])
def test_file_and_note_come_in_any_order(house: House, order: str) -> None:
    if order == "note first":
        note = house.note("a.jpg", caption="Hello")
        assert house.take(note) == "waits"
        assert house.take(house.put("a.jpg")) == "accepted"
    elif order == "file first":
        key = house.put("a.jpg")
        assert house.take(key) == "waits"
        house.note("a.jpg", caption="Hello")
        assert house.take(key) == "accepted"
    else:
        house.put("a.jpg")
        assert house.take(house.note("a.jpg", caption="Hello")) == "accepted"
    [message] = house.messages()
    assert house.content(message)["text"] == "Hello"
    [(said, wait)] = [each for each in house.told.said if "place" in each[0]] or [({}, 1)]
    assert 1 <= wait <= (900 if order == "note first" else 5)
    if said:
        assert places_in(said, house.app.seals) == [f"{CHAT}/a.jpg{'.json' if order == 'note first' else ''}"]


def test_a_file_alone_is_sent_without_a_caption_when_no_note_came(house: House) -> None:
    key = house.put("a.jpg")
    assert house.take(key) == "waits"
    assert house.take_later(key) == "accepted"
    assert house.content(house.messages()[0])["text"] == ""


def test_a_note_that_no_file_follows_is_moved_away(house: House) -> None:
    note = house.note("a.jpg", caption="Hello")
    assert house.take(note) == "waits"
    house.passed_ms = NOTE_WAIT_MS
    assert house.take(note) == "rejected: drop_note_alone"
    assert house.rejected() == {"a.jpg.json": "", "a.jpg.json.reason.json": "drop_note_alone"}


def test_a_note_that_another_look_took_meanwhile_is_no_trouble(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    key = house.put("a.jpg")
    note = house.note("a.jpg", caption="Hello")
    really = media_uploads.keep_stream

    def taken(media: Any, pieces: Any, *, files: Any) -> Any:
        (house.home / note).unlink()  # as who was told of the note does
        return really(media, pieces, files=files)

    monkeypatch.setattr(drops_service, "keep_stream", taken)
    assert house.take(key) == "accepted"
    assert [house.content(message)["text"] for message in house.messages()] == ["Hello"]


def test_the_same_name_put_anew_is_a_new_message_also_with_the_same_bytes(house: House) -> None:
    for _ in range(2):
        house.note("a.jpg", caption="Hello")
        (house.home / CHAT / "a.jpg").unlink(missing_ok=True)
        assert house.take(house.put("a.jpg")) == "accepted"
    assert len(house.messages()) == 2


def test_a_late_word_of_what_was_overwritten_is_about_what_lies_there_now(house: House) -> None:
    key = house.put("a.jpg", b"old")
    house.put("a.jpg", PHOTO)
    house.note("a.jpg", caption="new")
    assert [house.take(key), house.take(key)] == ["accepted", "known"]
    assert len(house.messages()) == 1
    (house.home / key).unlink()
    assert house.take(key) == "gone"


def test_a_file_that_changes_while_it_is_read_is_looked_at_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    key = house.put("a.jpg")
    house.note("a.jpg", caption="Hello")
    really = media_uploads.keep_stream

    def changed(media: Any, pieces: Any, *, files: Any) -> Any:
        house.put("a.jpg", PHOTO + b"more")
        return really(media, pieces, files=files)

    with monkeypatch.context() as patch:
        patch.setattr(drops_service, "keep_stream", changed)
        with pytest.raises(ConditionFailed):
            house.take(key)
    assert house.messages() == []
    assert house.take(key) == "accepted"
    assert len(house.messages()) == 1


@pytest.mark.parametrize("where", ["keep_stream", "accept", "follow_later", "put_drop"])
def test_whoever_dies_on_the_way_is_followed_by_one_who_does_the_rest(
    house: House, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    key = house.put("a.jpg")
    house.note("a.jpg", caption="Hello")
    really = getattr(drops_service, where)

    def dies_after(*args: Any, **named: Any) -> Any:
        really(*args, **named)
        raise Throttled("the engine asks for patience")

    with monkeypatch.context() as patch:
        patch.setattr(drops_service, where, dies_after)
        with pytest.raises(Throttled):
            house.take(key)
    assert house.take(key) in ("accepted", "known")
    [message] = house.messages()
    assert house.content(message)["text"] == "Hello"
    assert house.tags(key)["waypost-message"] == message.id
    assert house.follows()


BAD = {
    "unknown session": (f"drop/{make_id('ses', b'9' * 16)}/+{NUMBER}", "a.jpg", {}, PHOTO, "session_not_found"),
    "no session": (f"drop/shop/+{NUMBER}", "a.jpg", {}, PHOTO, "session_not_found"),
    "bad chat": (f"drop/{SESSION}/grace", "a.jpg", {}, PHOTO, "invalid_chat_id"),
    "unknown contact": (f"drop/{SESSION}/{make_id('con', b'9' * 16)}", "a.jpg", {}, PHOTO, "contact_not_found"),
    "no chat": (f"drop/{SESSION}", "a.jpg", {}, PHOTO, "drop_place"),
    "a folder": (f"{CHAT}/holiday", "a.jpg", {}, PHOTO, "drop_folder"),
    "empty": (CHAT, "a.jpg", {}, b"", "media_empty"),
    "too large": (CHAT, "a.jpg", {}, b"x" * 3000, "media_source_too_large"),
    "wrong note": (CHAT, "a.jpg", {"lane": "fast"}, PHOTO[:2000], "drop_note_invalid"),
    "long caption": (CHAT, "a.jpg", {"caption": "x" * 5000}, PHOTO[:2000], "caption_too_long"),
    "no such message": (CHAT, "a.jpg", {"reply_to": "msg_1"}, PHOTO[:2000], "reply_to_not_found"),
    "no such template": (CHAT, "a.jpg", {"template": "hello"}, PHOTO[:2000], "template_not_found"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_good_is_moved_away_with_its_note_and_why(house: House, case: str) -> None:
    chat, name, said, data, code = BAD[case]
    house.app = replace(house.app, settings=replace(house.app.settings, media_source_bytes=2500))
    key = house.put(name, data, chat)
    if said:
        house.note(name, **said)
    house.passed_ms = 6_000
    assert house.take(key) == f"rejected: {code}"
    wanted = {name: "", f"{name}.reason.json": code}
    assert house.rejected() == (wanted | {f"{name}.json": ""} if said else wanted)
    reason = house.reason(name)
    assert set(reason) == {"code", "what", "where", "mend", "at"}
    assert reason["what"]
    assert reason["mend"]
    assert not (house.home / key).exists()
    assert house.messages() == []
    assert (house.home / "rejected" / key.removeprefix("drop/")).read_bytes() == data


def test_two_refused_files_of_one_name_keep_both(house: House) -> None:
    for data in (b"", b""):
        house.passed_ms = 6_000
        house.take(house.put("a.jpg", data))
    assert [name for name in house.rejected() if not name.endswith(".json")] == ["a-2.jpg", "a.jpg"]


@pytest.mark.parametrize("name", [".DS_Store", "~$letter.docx", "film.mp4.part", "Thumbs.db"])
def test_what_systems_leave_behind_is_left_alone(house: House, name: str) -> None:
    key = house.put(name)
    assert house.take_later(key) == "ignored"
    assert (house.home / key).exists()
    assert house.rejected() == {}


@pytest.mark.parametrize(
    "name", ["B\u00e4r \U0001f600 100%+&?#.jpg", "n" * 200 + ".jpg", "a b  c.JPG", "\u202egpj.exe"]
)
def test_odd_names_are_names(house: House, name: str) -> None:
    key = house.put(name)
    body = json.dumps({"Records": [{"s3": {"object": {"key": quote_plus(key, safe="/")}}}]})
    assert places_in(json.loads(body), house.app.seals) == [key]
    assert house.take_later(key) == "accepted"
    assert house.tags(key)["waypost-status"] == "accepted"


def test_a_name_that_is_no_utf_8_is_moved_away(house: House) -> None:
    folder = os.fsencode(house.home / CHAT)
    (house.home / CHAT).mkdir(parents=True)
    with open(folder + b"/caf\xe9.jpg", "wb") as file:  # noqa: PTH123  # a path knows text only
        file.write(PHOTO)
    drop_telling.tell(f"{CHAT}/caf\udce9.jpg", seals=house.app.seals, queues=cast(Queues, house.told))
    [key] = places_in(house.told.said[0][0], house.app.seals)
    assert house.take_later(key) == "rejected: drop_name"
    assert b"caf\xe9.jpg" in [os.path.basename(name) for name in os.listdir(folder.replace(b"/drop/", b"/rejected/"))]  # noqa: PTH119, PTH208


def test_a_link_leads_nowhere(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("4711")
    (house.home / CHAT).mkdir(parents=True)
    (house.home / CHAT / "a.txt").symlink_to(secret)
    (house.home / "drop" / SESSION / "linked").symlink_to(tmp_path)
    for key in (f"{CHAT}/a.txt", f"drop/{SESSION}/linked/secret.txt", "drop/../keys/master.key"):
        assert house.take_later(key) == "gone"


def test_a_contact_id_is_a_chat(house: House) -> None:
    contact = house.app.contacts.resolve(TENANT, [parse_address(NUMBER)], now_ms=1)
    assert house.take_later(house.put("a.jpg", chat=f"drop/{SESSION}/{contact}")) == "accepted"
    assert len(house.messages()) == 1


def test_a_full_queue_is_waited_for_until_the_drop_is_emptied(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from waypost.errors import RateLimited

    def full(*_: Any, **__: Any) -> None:
        raise RateLimited("The queue is full.", retry_after=100, code="queue_full")

    monkeypatch.setattr(drops_service, "admit", full)
    key = house.put("a.jpg")
    assert house.take_later(key) == "waits"
    assert house.told.said[-1][1] == 100
    house.passed_ms = KEPT_MS + 1000
    assert house.take(key) == "rejected: queue_full"


def accepted(house: House) -> tuple[str, Message, str]:
    key = house.put("a.jpg")
    house.note("a.jpg", caption="Hello")
    house.take(key)
    [message] = house.messages()
    return key, message, house.follows()[0][0]


def settle(house: House, message: Message, code: str | None) -> None:
    media = get_media(house.app.table, house.content(message)["media"])
    assert media is not None
    claimed = claim_media(house.app.table, media, house.app.now_ms(), house.app.now_ms() + 60_000)
    assert claimed is not None
    if code is None:
        assert settle_media(house.app.table, claimed, "ready", asked=media.asked, facts=b"", code=None)
    else:
        refuse_media(claimed, refusal(code, what="it ends too soon"), files=house.app.files)


def test_what_becomes_of_the_message_is_told_beside_the_file_which_goes_when_it_is_not_needed(house: House) -> None:
    key, message, drop = accepted(house)
    assert follow(drop, 0, house.desk) == "accepted"
    assert (house.home / key).exists()
    settle(house, message, None)
    assert follow(drop, 1, house.desk) == "accepted"
    assert not (house.home / key).exists()
    house.app.table.update(step_write(message.id, "accepted", "sending", {"sending": 1}))
    house.app.table.update(step_write(message.id, "sending", "sent", {"sent": 2}))
    assert follow(drop, 2, house.desk) == "sent"
    assert house.tags(key) == {"waypost-status": "sent", "waypost-message": message.id}
    assert [step for _, step, _ in house.follows()] == [0, 1, 2]  # and no more


def test_a_file_that_is_refused_when_it_is_looked_into_is_moved_away(house: House) -> None:
    key, message, drop = accepted(house)
    settle(house, message, "media_truncated")
    assert follow(drop, 0, house.desk) == "rejected: media_truncated"
    assert house.rejected() == {"a.jpg": "", "a.jpg.reason.json": "media_truncated"}
    assert (house.tags(key), (house.home / key).exists()) == ({}, False)
    assert len(house.follows()) == 1


def test_the_outcome_of_an_earlier_file_is_not_told_of_the_one_that_lies_there_now(house: House) -> None:
    key, message, drop = accepted(house)
    house.put("a.jpg", b"another")
    settle(house, message, None)
    follow(drop, 0, house.desk)
    assert (house.home / key).read_bytes() == b"another"


def test_the_looks_become_rarer_and_end(house: House) -> None:
    _, _, drop = accepted(house)
    for step in (0, 5, 30):
        follow(drop, step, house.desk)
    waits = [wait for _, _, wait in house.follows()]
    assert waits == sorted(waits)
    assert waits[-1] == 900
    house.passed_ms = 27 * 3600 * 1000
    follow(drop, 31, house.desk)
    assert len(house.follows()) == len(waits)


def test_who_looks_after_a_message_and_is_lost_is_replaced_when_the_file_is_told_of_again(house: House) -> None:
    key, _, _ = accepted(house)
    house.passed_ms = 3_600_000
    assert [house.take(key), house.take(key)] == ["known", "known"]
    assert len(house.follows()) == 2


def test_the_function_gives_back_what_failed_and_does_what_s3_says(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.app = replace(house.app, settings=replace(house.app.settings, drop_note_seconds=0.0))
    monkeypatch.setattr(handler, "app", lambda: house.app)
    key = house.put("a b+c.jpg")
    bodies: list[Any] = [
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        {"Records": [{"s3": {"object": {"key": quote_plus(key, safe="/")}}}]},
        {"place": "nonsense"},
    ]
    records = [{"messageId": str(n), "body": json.dumps(body)} for n, body in enumerate(bodies)]
    assert handler.handler({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    [message] = house.messages()
    assert get_message(house.app.table, message.id) is not None
    queue: Queue = house.app.engine.queues.queue("drop")
    assert queue.depth() == 1  # somebody looks after it


def test_every_hour_what_was_seen_to_is_removed_and_what_was_not_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(house)
    house.take_later(house.put("empty.jpg", b""))
    unseen = house.put("unseen.jpg")

    class Later(App):
        def now_ms(self) -> int:
            return self_ms

    self_ms = (house.app.now_ms() + KEPT_MS) // 3_600_000 * 3_600_000 + 3_600_000
    later = Later(house.app.settings, house.app.engine, house.app.seals, house.app.contacts, house.app.backlog)
    monkeypatch.setattr(sweeper, "app", lambda: later)
    assert sweeper.handler({}, None)["dropped"] == 4  # a file, its status, a refused one and its reason
    left = [path for root in ("drop", "rejected") for path in (house.home / root).rglob("*") if path.is_file()]
    assert left == [house.home / unseen]
