"""What callers send. Unknown fields are refused, and nothing is converted: `"5"` is no number, `"yes"` no boolean."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from waypost.domain.egress import MAX_SECRET, MAX_SERVER
from waypost.domain.event import EventType
from waypost.domain.template import MAX_VARIABLES, MAX_VERSION, NAME

MAX_METADATA = 50
MAX_ADDRESS = 64
MAX_URL = 2048
MAX_ID = 64
MAX_TIME = 40  # characters of an RFC 3339 time
MAX_NUMBER = 10**12 - 1  # what a number's place in the log has room for


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def printable(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise ValueError("a name has visible characters only")
    return name


class Viewport(Request):
    width: int = Field(ge=320, le=7680, examples=[1280])
    height: int = Field(ge=240, le=4320, examples=[800])


class Proxy(Request):
    """The session's own way out. Name and password are stored sealed and never shown again."""

    server: str = Field(
        max_length=MAX_SERVER,
        examples=["http://proxy.example:3128"],
        description="http, https or socks5, with its port. All the session's traffic goes by it, or not at all.",
    )
    username: str | None = Field(None, max_length=MAX_SECRET)
    password: str | None = Field(None, max_length=MAX_SECRET)


class Identity(Request):
    """What the session's browser says of itself, the same at every launch (R-SAFE-3)."""

    locale: str | None = Field(
        None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["de-DE"], description="A BCP 47 language tag."
    )
    timezone: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9_+\-]{1,31}(/[A-Za-z0-9_+\-]{1,32}){0,2}$",
        examples=["Europe/Berlin"],
        description="An IANA time zone.",
    )
    viewport: Viewport | None = None
    proxy: Proxy | None = None


Metadata = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=64)],
    Annotated[str, StringConstraints(max_length=1024)],
]


class NewSession(Request):
    name: Annotated[str, AfterValidator(printable)] = Field(
        min_length=1, max_length=100, examples=["Support"], description="For people. Stored in clear."
    )
    start: bool = Field(True, description="Start a browser at once.")
    metadata: Metadata = Field(
        default_factory=dict,
        max_length=MAX_METADATA,
        examples=[{"team": "support"}],
        description="Your own labels. Stored in clear: put no personal data here.",
    )
    identity: Identity | None = None


class TemplateChoice(Request):
    name: str = Field(pattern=rf"^{NAME}$", examples=["appointment_reminder"])
    language: str | None = Field(
        None,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        examples=["de"],
        description="Where there is none in it: without its region, then the tenant's own language.",
    )
    version: int | None = Field(None, ge=1, le=MAX_VERSION, description="None: the newest approved one.")
    variables: dict[str, str | int | float] = Field(
        default_factory=dict, max_length=MAX_VARIABLES, examples=[{"name": "Grace", "day": "2026-11-22"}]
    )


class SessionChange(Request):
    """What is left out stays as it is. What is null in `identity` falls back to its default; `proxy` null: none."""

    name: Annotated[str, AfterValidator(printable)] = Field("", min_length=1, max_length=100, examples=["Support"])
    metadata: Metadata = Field(default_factory=dict, max_length=MAX_METADATA, description="Replaces all of it.")
    identity: Identity = Field(
        default_factory=lambda: Identity.model_validate({}),
        description="In force at the next start of the browser, never before (R-SAFE-3).",
    )


class NewWebhook(Request):
    url: str = Field(
        max_length=MAX_URL, examples=["https://example.com/waypost"], description="Where events are posted to."
    )
    events: list[EventType] | None = Field(
        None, min_length=1, max_length=20, examples=[["message_received"]], description="None: all kinds."
    )
    session_id: str | None = Field(None, max_length=MAX_ID, description="None: all sessions.")


class WebhookChange(Request):
    """What is left out stays as it is; null is a value: all kinds, all sessions."""

    url: str = Field("", max_length=MAX_URL, examples=["https://example.com/waypost"])
    events: list[EventType] | None = Field(None, min_length=1, max_length=20, description="Null: all kinds.")
    session_id: str | None = Field(None, max_length=MAX_ID, description="Null: all sessions.")
    enabled: bool = Field(True, description="False: nothing is posted until it is true again.")


class DeadLetterChoice(Request):
    """Either some of them, or all."""

    ids: list[Annotated[str, StringConstraints(max_length=MAX_ID)]] | None = Field(
        None, min_length=1, max_length=100, description="Ids of events."
    )
    all: Literal[True] | None = Field(None, description="True: every dead letter of the webhook.")


class EventRange(Request):
    """Part of a session's log."""

    session_id: str = Field(max_length=MAX_ID)
    after: int = Field(ge=0, le=MAX_NUMBER, description="Begin behind the event with this number.")
    until: int | None = Field(None, ge=1, le=MAX_NUMBER, description="End with this number. None: the newest.")
    generation: int | None = Field(None, ge=1, le=9999, description="None: the present one.")
