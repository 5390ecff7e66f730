"""What a message can hold beside a text, on the wire. Limits are WhatsApp's own (domain/contents.py)."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from api.schemas import MAX_ID, MAX_URL, Request
from waypost.domain.contents import (
    MAX_CONTACTS,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_PLACE,
    MAX_QUESTION,
    MAX_VCARD,
    MIN_OPTIONS,
)

_MAX_PHONE = 40
_MAX_PHONES = 10
_MAX_EMAIL = 254  # RFC 5321


def _one_way(url: str | None, info: ValidationInfo) -> str | None:
    if (url is None) == (info.data.get("id") is None):
        raise PydanticCustomError("media_id_or_url", "Either an id or a URL.")
    return url


class MediaChoice(Request):
    """The file: one that was uploaded, or one that is to be fetched."""

    id: str | None = Field(
        None, max_length=MAX_ID, examples=["med_00000000000000000000000000"], description="From `POST /v1/media`."
    )
    url: Annotated[str | None, AfterValidator(_one_way)] = Field(
        None,
        validate_default=True,
        max_length=MAX_URL,
        description="On the public internet, https. It is fetched once, now, whenever the message is sent.",
    )


class Location(Request):
    latitude: float = Field(ge=-90, le=90, examples=[52.516275])
    longitude: float = Field(ge=-180, le=180, examples=[13.377704])
    name: str | None = Field(None, max_length=MAX_PLACE, examples=["Brandenburg Gate"])
    address: str | None = Field(None, max_length=MAX_PLACE, examples=["Pariser Platz, Berlin"])
    url: str | None = Field(None, max_length=MAX_URL, description="Opened by a press on the name.")


def _phones_or_card(vcard: str | None, info: ValidationInfo) -> str | None:
    if "phones" in info.data and (vcard is None) == (not info.data["phones"]):
        raise PydanticCustomError("phones_or_vcard", "Either phones or a vCard.")
    return vcard


class ContactCard(Request):
    """Somebody's card: made from name and numbers, or given as it is."""

    name: str = Field(min_length=1, max_length=MAX_PLACE, examples=["Grace Hopper"])
    organization: str | None = Field(None, max_length=MAX_PLACE)
    email: str | None = Field(None, max_length=_MAX_EMAIL)
    phones: list[Annotated[str, StringConstraints(max_length=_MAX_PHONE)]] = Field(
        default_factory=list,
        max_length=_MAX_PHONES,
        examples=[["+4915112345678"]],
        description="International numbers.",
    )
    vcard: Annotated[str | None, AfterValidator(_phones_or_card)] = Field(
        None, validate_default=True, max_length=MAX_VCARD, description="In place of phones: a vCard of your own."
    )


class Poll(Request):
    question: str = Field(min_length=1, max_length=MAX_QUESTION, examples=["When shall we come?"])
    options: list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_OPTION)]] = Field(
        min_length=MIN_OPTIONS, max_length=MAX_OPTIONS, examples=[["Monday", "Tuesday"]]
    )
    selectable: int = Field(1, ge=0, le=MAX_OPTIONS, description="How many may be chosen. 0: any number.")


Contacts = Annotated[list[ContactCard], Field(min_length=1, max_length=MAX_CONTACTS)]
