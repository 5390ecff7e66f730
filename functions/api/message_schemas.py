"""What callers send to have a message sent."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from api.content_schemas import Contacts, Location, MediaChoice, Poll
from api.schemas import MAX_ADDRESS, MAX_ID, MAX_TIME, Request, TemplateChoice
from waypost.domain.contents import MAX_CAPTION
from waypost.domain.media import Kind
from waypost.domain.media_names import MAX_NAME
from waypost.domain.mentions import MAX_MENTIONS
from waypost.domain.message import MAX_TEXT

_CONTENTS = ("media", "location", "contacts", "poll")


def _one_content(text: str | None, info: ValidationInfo) -> str | None:
    """What else it may be stands before it, so that it is known; what was wrong itself is missing there."""
    given = [name for name in _CONTENTS if info.data.get(name, "wrong") is not None]
    template = info.data.get("template", "wrong") is not None
    if text is None and not template and not given:
        raise PydanticCustomError("text_or_template", "There is nothing to send.")
    if text is not None and info.data.get("template") is not None:
        raise PydanticCustomError("text_and_template", "There are a text and a template.")
    said = text is not None or template
    if len(given) > 1 or (said and any(name != "media" for name in given)):
        stands = "text" if text is not None else given[-1]
        raise PydanticCustomError("two_contents", "There are two things at once.", {"field": stands})
    return text


def _with_media(value: Any, info: ValidationInfo) -> Any:
    if value and info.data.get("media", "wrong") is None:
        raise PydanticCustomError("without_media", "There is no file.")
    return value


_TO = "+4915112345678"
_EXAMPLES: list[JsonValue] = [
    {"to": _TO, "text": "Your parcel has arrived."},
    {"to": _TO, "media": {"id": "med_00000000000000000000000000"}, "text": "Your invoice", "filename": "invoice.pdf"},
    {"to": _TO, "media": {"url": "https://example.com/greeting.ogg"}, "kind": "voice"},
    {"to": _TO, "location": {"latitude": 52.516275, "longitude": 13.377704, "name": "Brandenburg Gate"}},
    {"to": _TO, "contacts": [{"name": "Grace Hopper", "phones": ["+4915112345679"]}]},
    {"to": _TO, "poll": {"question": "When shall we come?", "options": ["Monday", "Tuesday"], "selectable": 1}},
]


class NewMessage(Request):
    model_config = ConfigDict(json_schema_extra={"examples": _EXAMPLES})

    # Length and emptiness of `text` are the domain's rules (R-LIM-3), documented here.
    to: str = Field(
        max_length=MAX_ADDRESS,
        examples=["+4915112345678"],
        description="An international number, or a chat id: `<digits>@c.us`, `@lid` or `@g.us`.",
    )
    media: MediaChoice | None = Field(None, description="A file. `text` is its caption, then.")
    location: Location | None = None
    contacts: Contacts | None = Field(None, description="Cards of people.")
    poll: Poll | None = None
    template: TemplateChoice | None = Field(None, description="What the text is made from, in place of `text`.")
    text: Annotated[str | None, AfterValidator(_one_content)] = Field(
        None,
        validate_default=True,
        examples=["Your parcel has arrived."],
        description=f"Either this or a template; of a file it is the caption, with at most {MAX_CAPTION} characters.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT},
    )
    kind: Annotated[Kind | None, AfterValidator(_with_media)] = Field(
        None,
        examples=["voice"],
        description="What the file is sent as. None: as it was uploaded to be sent, or as its content suggests.",
    )
    filename: Annotated[str | None, AfterValidator(_with_media)] = Field(
        None,
        min_length=1,
        max_length=MAX_NAME,
        examples=["invoice.pdf"],
        description="Shown with documents. None: the name that it was uploaded with.",
    )
    view_once: Annotated[bool, AfterValidator(_with_media)] = Field(
        False, description="Shown once, then gone: an image, a video or a voice note."
    )
    reply_to: str | None = Field(None, max_length=MAX_ID, description="The id of a message of the same chat.")
    lane: Literal["interactive", "bulk"] = Field(
        "interactive", description="Bulk messages do not hold up interactive ones."
    )
    purpose: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9_\-]{0,39}$",
        examples=["appointments"],
        description="What it is for: consent is asked for this purpose. None: the tenant's default purpose.",
    )
    mentions: list[Annotated[str, StringConstraints(max_length=MAX_ADDRESS)]] = Field(
        default_factory=list,
        max_length=MAX_MENTIONS,
        description="Chat ids of people whom the text names as `@` and the digits of their chat id.",
    )
    send_at: str | None = Field(
        None,
        max_length=MAX_TIME,
        examples=["2026-12-24T18:00:00+01:00"],
        description="Not to be sent before, at most a year ahead; RFC 3339 with its offset.",
    )
    expires_at: str | None = Field(
        None,
        max_length=MAX_TIME,
        examples=["2026-12-24T20:00:00+01:00"],
        description="Not to be sent from then on: its status becomes `expired`.",
    )
