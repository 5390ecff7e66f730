"""What callers send and get about bulk runs."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.queue_schemas import Estimate
from api.schemas import MAX_ADDRESS, MAX_ID, MAX_TIME, Request
from waypost.domain.media import Kind
from waypost.domain.message import MAX_TEXT

MAX_RECIPIENTS = 10_000
MAX_CSV = 4 * 1024 * 1024
_TIME = "2026-11-22T12:00:00.000Z"

Variable = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
VariableName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class BulkTemplate(Request):
    name: str = Field(min_length=1, max_length=100)
    language: str | None = Field(None, max_length=35)
    version: int | None = Field(None, ge=1, le=10**6)


class Recipient(Request):
    to: str = Field(max_length=MAX_ADDRESS, examples=["+4915112345678"])
    variables: dict[VariableName, Variable] = Field(default_factory=dict, max_length=50)
    text: str | None = Field(None, max_length=MAX_TEXT, description="In place of the run's own.")
    media_id: str | None = Field(None, max_length=MAX_ID, description="A file in place of the run's own.")


class NewBulk(Request):
    """Either a session or a pool, and either recipients or a CSV."""

    session_id: str | None = Field(None, max_length=MAX_ID)
    pool_id: str | None = Field(None, max_length=MAX_ID)
    name: str = Field("", max_length=100, description="For people. Stored in clear.")
    text: str | None = Field(
        None, max_length=MAX_TEXT, examples=["Hello {{name}}"], description="`{{name}}` stands for a variable."
    )
    template: BulkTemplate | None = Field(None, description="Its variables come from each recipient.")
    media_id: str | None = Field(
        None,
        max_length=MAX_ID,
        examples=["med_00000000000000000000000000"],
        description="An uploaded file that goes to everybody; text or template is its caption.",
    )
    kind: Kind | None = Field(None, description="What files are sent as. Null: as their content suggests.")
    purpose: str | None = Field(None, min_length=1, max_length=64, description="What consent is asked for.")
    send_at: str | None = Field(None, max_length=MAX_TIME, examples=[_TIME])
    expires_at: str | None = Field(None, max_length=MAX_TIME, examples=[_TIME])
    dry_run: bool = Field(False, description="Only tell who would be refused and why, and when it would finish.")
    all_or_nothing: bool = Field(False, description="Send nothing when a single recipient would be refused.")
    recipients: list[Recipient] | None = Field(None, min_length=1, max_length=MAX_RECIPIENTS)
    csv: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CSV,
        description="A file with a header line: a column `to`, if you like `text` and `media_id`, the others are"
        " variables.",
    )


class BulkRun(BaseModel):
    id: str = Field(examples=["blk_00000000000000000000000000"])
    name: str
    session_id: str | None
    pool_id: str | None
    status: Literal["checking", "sending", "paused", "cancelled", "refused", "finished"]
    dry_run: bool
    total: int = Field(description="Rows, the bad ones too.")
    outcomes: dict[str, int] = Field(
        examples=[{"delivered": 480, "accepted": 12, "refused": 5, "duplicate": 3}],
        description="How many rows by what became of them: their message's status, `refused`, `duplicate`, `pending`;"
        " in a dry run `would_send`.",
    )
    estimate: Estimate | None = Field(description="When the last message is expected to go. Null: it is over.")
    waits_until: str | None = Field(examples=[_TIME], description="Nothing goes before: no room, or nobody at work.")
    created_at: str = Field(examples=[_TIME])
    done_at: str | None = Field(examples=[_TIME], description="When all rows had been looked at.")


class BulkRuns(BaseModel):
    runs: list[BulkRun]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class BulkResult(BaseModel):
    row: int = Field(description="Counted from 1, the header not among them.")
    line: int | None = Field(description="Where it ends in the file.")
    to: str | None
    outcome: str = Field(examples=["delivered"])
    session_id: str | None
    message_id: str | None
    code: str | None = Field(description="Why it was refused, or what the message's status is due to.")
    column: str | None
    message: str | None
    mend: str | None


class BulkResults(BaseModel):
    results: list[BulkResult]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")
