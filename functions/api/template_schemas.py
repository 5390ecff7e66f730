"""What callers send and get about templates."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field, StringConstraints

from api.consent_schemas import Language, Purpose
from api.schemas import Request
from waypost.domain.message import MAX_TEXT
from waypost.domain.template import MAX_VARIABLES, MAX_VERSION, NAME, TemplateStatus
from waypost.domain.variables import MAX_LENGTH, VariableType

_TIME = "2026-11-22T12:00:00.000Z"
_NAME = rf"^{NAME}$"
_VARIABLES = {"name": {"type": "text", "max_length": 60}, "day": {"type": "date"}}
_NEXT = "Hand it back as `cursor` for the next page. Null: that was all."

VariableName = Annotated[str, StringConstraints(pattern=_NAME)]
NameParameter = Annotated[str, Path(pattern=_NAME, examples=["appointment_reminder"])]
LanguageParameter = Annotated[
    str, Path(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["de"], description="A BCP 47 tag.")
]
VersionParameter = Annotated[int, Path(ge=1, le=MAX_VERSION, examples=[1])]


class TemplateVariable(Request):
    type: VariableType = Field(
        "text", description="`number` and `currency` are written as the language does, `date` in its order."
    )
    max_length: int | None = Field(None, ge=1, le=MAX_LENGTH, description="Of a text or url. None: 256 or 1024.")
    multiline: bool = Field(False, description="Whether a text may have line breaks.")
    minimum: int | None = Field(None, ge=-(10**15), le=10**15, description="Of a number or an amount.")
    maximum: int | None = Field(None, ge=-(10**15), le=10**15)


class TemplateDraft(Request):
    # Its length is the domain's rule, documented here.
    body: str = Field(
        examples=["Hello {{name}}, see you on {{day}}."],
        description="Places are `{{name}}`. There is nothing else in it that means anything.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT},
    )
    variables: dict[VariableName, TemplateVariable] = Field(
        default_factory=dict, max_length=MAX_VARIABLES, examples=[_VARIABLES]
    )
    purpose: Purpose | None = Field(
        None, description="What its messages are for. None: what they say themselves, or the default purpose."
    )


class NewTemplate(TemplateDraft):
    name: VariableName = Field(examples=["appointment_reminder"])
    language: Language = Field(examples=["de"], description="A BCP 47 tag.")


class Preview(Request):
    variables: dict[str, str | int | float] = Field(
        default_factory=dict, max_length=MAX_VARIABLES, examples=[{"name": "Grace", "day": "2026-11-22"}]
    )


class Template(BaseModel):
    """One version of a template in one language."""

    name: str
    language: str
    version: int
    status: TemplateStatus
    body: str
    variables: dict[str, dict[str, Any]] = Field(examples=[_VARIABLES])
    purpose: str | None
    created_at: str = Field(examples=[_TIME])
    created_by: str = Field(description="The id of an API key.")
    approved_at: str | None = Field(examples=[_TIME])
    approved_by: str | None
    approved_by_name: str | None = Field(description="What the key was called then.", examples=["Legal"])
    retired_at: str | None = Field(examples=[_TIME])
    retired_by: str | None


class Templates(BaseModel):
    templates: list[Template]
    next_cursor: str | None = Field(description=_NEXT)


class Rendered(BaseModel):
    text: str
