"""What callers send about chats, contacts, groups, and messages that were sent before."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas import MAX_ADDRESS, Request
from waypost.domain.groups import MAX_PARTICIPANTS, MAX_SUBJECT
from waypost.domain.message import MAX_TEXT

ChatId = Annotated[str, StringConstraints(max_length=MAX_ADDRESS)]
_CHAT = "An international number, or a chat id: `<digits>@c.us` or `<digits>@lid`."
_PERSON = "+4915112345678"


class Edit(Request):
    text: str = Field(
        examples=["Your parcel arrives tomorrow."], json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT}
    )


class NewReaction(Request):
    emoji: str | None = Field(max_length=64, examples=["👍"], description="One emoji. Null takes the reaction back.")


class Typing(Request):
    state: Literal["composing", "recording", "paused"]
    seconds: int | None = Field(None, ge=1, le=60, description="End it by itself after so long.")


class ContactName(Request):
    chat: str = Field(max_length=MAX_ADDRESS, examples=[_PERSON], description=_CHAT)
    name: str = Field(min_length=1, max_length=100, examples=["Grace Hopper"])


class ContactCheck(Request):
    chat: str = Field(max_length=MAX_ADDRESS, examples=[_PERSON], description=_CHAT)


class NewGroup(Request):
    subject: str = Field(max_length=MAX_SUBJECT, examples=["Team"], json_schema_extra={"minLength": 1})
    participants: list[ChatId] = Field(min_length=1, max_length=MAX_PARTICIPANTS, examples=[[_PERSON]])


class ParticipantChange(Request):
    add: list[ChatId] = Field(default_factory=list, max_length=MAX_PARTICIPANTS, examples=[[_PERSON]])
    remove: list[ChatId] = Field(default_factory=list, max_length=MAX_PARTICIPANTS)


class Phone(Request):
    phone: str = Field(max_length=MAX_ADDRESS, examples=[_PERSON], description="The account's own number.")
