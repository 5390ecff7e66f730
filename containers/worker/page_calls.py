"""What errands and the sender ask of the page beside sending: typed calls, each raising as `page.py` says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from containers.worker.decoding import read_edit
from containers.worker.naming import Person
from containers.worker.observed_changes import EditSeen
from containers.worker.page import CALL_S, Page

Typing = Literal["composing", "recording", "paused"]
_MANY_S = 3 * CALL_S  # groups ask WhatsApp about each participant


@dataclass(frozen=True, slots=True)
class Existence:
    """Whether somebody is on WhatsApp. Asked while the page has a line: a silent server is no answer."""

    exists: bool
    person: Person


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: the hex part of its id where it is ours, else its key; `chats` are the forms of its chat."""

    hex: str | None
    key: str | None = field(repr=False)
    chats: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """Of a group. `code` is what became of adding him, in the manner of HTTP: 200 is done."""

    person: Person
    admin: bool = False
    code: int = 200


@dataclass(frozen=True, slots=True)
class Group:
    id: str = field(repr=False)
    subject: str | None = field(repr=False)
    members: tuple[Member, ...] = ()


async def query_exists(page: Page, chat_id: str) -> Existence:
    found = await page.call("queryExists", {"chat": chat_id})
    return Existence(found["exists"], Person(found["pn"], found["lid"]))


async def mark_read(page: Page, chat_id: str) -> None:
    await page.call("markRead", {"chat": chat_id})


async def typing(page: Page, chat_id: str, state: Typing, seconds: float | None = None) -> None:
    """With `seconds` it ends by itself."""
    await page.call("type", {"chat": chat_id, "state": state, "seconds": seconds})


async def subscribe_presence(page: Page, ids: Sequence[str]) -> None:
    await page.call("subscribePresence", {"ids": list(ids)})


async def save_contact(page: Page, chat_id: str, name: str) -> None:
    await page.call("saveContact", {"chat": chat_id, "name": name})


async def saved_contacts(page: Page) -> list[Person]:
    """Everybody in the account's address book, as the page knows it."""
    return [Person(_text(one["pn"]), _text(one["lid"])) for one in await page.call("savedContacts", None, _MANY_S)]


async def edit_text(page: Page, place: Place, text: str) -> EditSeen:
    """The message as it is now; done once, however often it is asked for."""
    return read_edit(await page.call("editText", {"target": asdict(place), "text": text}))


async def revoke(page: Page, place: Place) -> None:
    await page.call("revoke", {"target": asdict(place)})


async def react(page: Page, place: Place, emoji: str | None) -> int | None:
    """WhatsApp's time of the reaction, if the page told it."""
    t = (await page.call("react", {"target": asdict(place), "emoji": emoji}))["t"]
    return None if t is None else int(t)


async def create_group(page: Page, subject: str, chat_ids: Sequence[str]) -> Group:
    made = await page.call("createGroup", {"subject": subject, "participants": list(chat_ids)}, _MANY_S)
    return Group(made["id"], subject, tuple(_member(one) for one in made["participants"]))


async def list_groups(page: Page) -> list[Group]:
    """Without their members."""
    return [Group(one["id"], one["subject"]) for one in await page.call("listGroups")]


async def get_group(page: Page, group_id: str) -> Group:
    found = await page.call("getGroup", {"id": group_id})
    return Group(found["id"], found["subject"], tuple(_member(one) for one in found["participants"]))


async def add_participants(page: Page, group_id: str, chat_ids: Sequence[str]) -> list[Member]:
    added = await page.call("addParticipants", {"id": group_id, "participants": list(chat_ids)}, _MANY_S)
    return [_member(one) for one in added]


async def remove_participants(page: Page, group_id: str, chat_ids: Sequence[str]) -> None:
    await page.call("removeParticipants", {"id": group_id, "participants": list(chat_ids)}, _MANY_S)


async def pairing_code(page: Page, phone: str) -> str:
    """Eight letters to type into the phone of this number (digits)."""
    return str(await page.call("pairingCode", {"phone": phone}))


def _member(plain: dict[str, object]) -> Member:
    person = Person(_text(plain.get("pn")), _text(plain.get("lid")))
    return Member(person, bool(plain.get("admin", False)), int(str(plain.get("code", 200))))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
