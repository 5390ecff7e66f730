"""Media files on the wire."""

from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.schemas import MAX_URL, Request, printable
from waypost.domain.media import Kind, State
from waypost.domain.media_names import MAX_NAME
from waypost.domain.message import Direction
from waypost.domain.received import ReceivedState
from waypost.services.media_links import LINK_SECONDS, MAX_LINK_SECONDS

_TIME = "2026-11-22T12:00:00.000Z"
_MOST = 2**40  # what may be said; what is taken is a setting

MediaId = Annotated[str, Path(description="A file's id.", examples=["med_00000000000000000000000000"])]
LinkToken = Annotated[str, Path(max_length=100)]
PartNumber = Annotated[int, Path(description="Counts from 1.", examples=[1])]


def _plain_name(name: str) -> str:
    if "/" in name or "\\" in name:
        raise PydanticCustomError("name_not_path", "A name, not a path.")
    return printable(name)


def _not_empty(size: Any) -> Any:
    if size == 0 and size is not False:
        raise PydanticCustomError("empty_file", "The file is empty.")
    return size


class NewMedia(Request):
    """Either `size`: the bytes will come; or `url`: they are fetched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"size": 204800, "type": "image/jpeg", "name": "harbour.jpg"},
                {"url": "https://example.com/invoice.pdf", "kind": "document", "name": "invoice.pdf"},
            ]
        }
    )

    size: Annotated[int | None, BeforeValidator(_not_empty)] = Field(
        None, ge=1, le=_MOST, examples=[204800], description="How many bytes will come."
    )
    url: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL,
        description="Where to fetch it: https, on the public internet, without user name and password. It is stored "
        "encrypted, and forgotten once the file is here.",
    )
    type: str = Field(
        "",
        max_length=127,
        examples=["image/jpeg"],
        description="Its MIME type, if you know it: it is judged by its content, and refused when that is another.",
    )
    kind: Kind | None = Field(None, description="What it is to be sent as. None: what its type is usually sent as.")
    name: Annotated[str | None, AfterValidator(lambda name: None if name is None else _plain_name(name))] = Field(
        None, min_length=1, max_length=MAX_NAME, examples=["invoice.pdf"], description="Shown with documents."
    )

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if (self.size is None) == (self.url is None):
            raise PydanticCustomError("size_or_url", "Either a size or a URL.")
        return self


class Upload(BaseModel):
    """How to send the bytes: PUT each part to `/v1/media/{id}/parts/{number}`, then POST `/v1/media/{id}/complete`."""

    part_bytes: int = Field(description="Every part but the last has so many bytes.")
    parts: int
    missing: list[int] = Field(description="The numbers of those that did not come yet.")


class MediaNote(BaseModel):
    code: str = Field(examples=["location_removed"])
    words: str = Field(description="What was changed and why.")


class MediaFacts(BaseModel):
    """The file as it will be sent."""

    kind: Kind
    type: str = Field(examples=["image/jpeg"])
    size: int
    sha256: str
    untouched: bool = Field(description="Whether the bytes are as they were uploaded.")
    width: int | None
    height: int | None
    duration_ms: int | None
    pages: int | None
    has_thumbnail: bool
    notes: list[MediaNote]


class ReceivedFacts(BaseModel):
    """The file as it came in; until it is ready, as WhatsApp describes it."""

    session_id: str
    message_id: str
    type: str = Field(examples=["image/jpeg"], description="WhatsApp's word, unless the bytes say another.")
    size: int | None
    sha256: str | None
    width: int | None
    height: int | None
    duration_ms: int | None
    pages: int | None
    view_once: bool = Field(description="The sender wants it to be seen once.")
    has_thumbnail: bool
    code: str | None = Field(
        examples=["media_gone"],
        description="Why it failed; while it is pending, why the last try did, of which there are more to come.",
    )


class NewMediaLink(Request):
    seconds: int = Field(LINK_SECONDS, ge=10, le=MAX_LINK_SECONDS, description="How long the link is good.")


class MediaLink(BaseModel):
    url: str = Field(
        examples=["https://waypost.example/media/0000"],
        description="Whoever has it can read the file till then. A large file is answered in parts: ask with `Range`.",
    )
    expires_at: str = Field(examples=[_TIME])


class MediaRefusal(BaseModel):
    code: str = Field(examples=["media_type_unsupported"])
    message: str
    mend: str | None


class Media(BaseModel):
    id: str = Field(examples=["med_00000000000000000000000000"])
    direction: Direction = Field(description="`in`: a message brought it; `out`: it is to be sent.")
    state: State | ReceivedState = Field(description="What came in is `pending`, `ready` or `failed`.")
    name: str | None
    size: int = Field(description="Of what was uploaded or fetched; 0 until that is known.")
    progress: int = Field(description="Of its preparation, in percent.")
    upload: Upload | None = Field(description="Null once all of it has come.")
    prepared: MediaFacts | None = Field(description="When it is ready.")
    received: ReceivedFacts | None = Field(description="Of what came in.")
    refusal: MediaRefusal | None = Field(description="When it is refused, or failed: why, and how to mend it.")
    created_at: str = Field(examples=[_TIME])
    expires_at: str = Field(examples=[_TIME], description="It is kept until then.")
