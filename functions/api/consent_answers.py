"""What callers get about consent."""

from pydantic import BaseModel, Field

from api.answers import Chat
from api.consent_schemas import ConsentRules, ConsentStep

_TIME = "2026-11-22T12:00:00.000Z"


class Consent(BaseModel):
    purpose: str
    stands: bool = Field(description="Whether it holds now: neither withdrawn nor over.")
    means: str | None = Field(examples=["web_form"], description="How it was given. Null: it never was.")
    given_at: str | None = Field(examples=[_TIME])
    until: str | None = Field(examples=[_TIME], description="Null: for ever.")
    withdrawn_at: str | None = Field(examples=[_TIME])
    withdrawn_by: str | None = Field(examples=["api"], description="The means by which it was withdrawn.")


class Recorded(BaseModel):
    """One step of the history. None is ever changed."""

    step: ConsentStep
    purpose: str | None = Field(description="Null: all.")
    means: str
    by: str = Field(description="The id of the API key that recorded it, or `keyword`.")
    at: str = Field(examples=[_TIME], description="When it happened.")
    recorded_at: str = Field(examples=[_TIME])
    until: str | None = Field(examples=[_TIME])
    proof: str | None


class PersonConsents(BaseModel):
    chat: Chat
    opted_out_at: str | None = Field(
        examples=[_TIME], description="Since when they want nothing at all. Null: they do not say so."
    )
    opted_out_by: str | None = Field(examples=["keyword"])
    consents: list[Consent]


class ContactConsents(PersonConsents):
    history: list[Recorded] = Field(description="The newest first.")
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class Withdrawal(PersonConsents):
    cancelled: int = Field(description="How many messages waited for the person and were cancelled, in all sessions.")


class Consents(BaseModel):
    contacts: list[PersonConsents] = Field(description="A page may hold fewer than asked for, and not be the last.")
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class RowMistake(BaseModel):
    column: str
    code: str
    message: str
    mend: str


class ImportedRow(BaseModel):
    line: int = Field(description="Where the row begins, counted as an editor does: the header is line 1.")
    result: str = Field(examples=["recorded"], description="`recorded`, `unchanged` (known already) or `refused`.")
    contact_id: str | None
    errors: list[RowMistake]


class Import(BaseModel):
    recorded: int
    unchanged: int
    refused: int
    rows: list[ImportedRow]


class ConsentSettings(ConsentRules):
    """What the tenant has set."""
