"""What callers send and get about what waits."""

from typing import Literal

from pydantic import BaseModel, Field

from api.answers import Message
from api.schemas import MAX_ADDRESS, MAX_ID, MAX_TIME, Request

_TIME = "2026-11-22T12:00:00.000Z"
LaneName = Literal["interactive", "bulk"]


class Estimate(BaseModel):
    """When it is expected to go, as if everything went as fast as the limits allow."""

    at: str | None = Field(examples=[_TIME], description="Null: it hangs on somebody's decision.")
    because: str = Field(
        examples=["cooldown"],
        description="What binds: `nothing`, `time` (its own), `paused`, `session` (it is not at work), `active_hours`,"
        " `restricted`, `first_contact`, `media` (its file is not ready), or the limit's name.",
    )


class AcceptedMessage(Message):
    estimated_send_at: str | None = Field(examples=[_TIME], description="The same as `estimate.at`.")
    estimate: Estimate


class LanePause(BaseModel):
    since: str = Field(examples=[_TIME])
    reason: str = Field(examples=["requested"])


class LaneQueue(BaseModel):
    waiting: int = Field(description="How many are not sent yet, counted up to 10000.")
    more: bool = Field(description="There are more than were counted.")
    reasons: dict[str, int] = Field(examples=[{"cooldown": 12, "time": 3}], description="What they wait for.")
    oldest_at: str | None = Field(examples=[_TIME], description="Since when the oldest is due.")
    last: Estimate | None = Field(description="When the last of them is expected to go. Null: nothing waits.")
    binds: str = Field(examples=["per_minute"], description="The limit that binds now.")
    paused: LanePause | None


class Queue(BaseModel):
    session_id: str
    interactive: LaneQueue
    bulk: LaneQueue


class WaitingMessage(BaseModel):
    message: Message
    reason: str = Field(examples=["cooldown"], description="What it waits for.")
    estimate: Estimate


class WaitingMessages(BaseModel):
    messages: list[WaitingMessage]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class LaneChoice(Request):
    lane: LaneName | None = Field(None, description="None: both.")


class CancelFilter(Request):
    """All that is given must fit; nothing given means everything that waits."""

    lane: LaneName | None = None
    chat: str | None = Field(None, max_length=MAX_ADDRESS, description="A chat id, a number, or a `contact_id`.")
    after: str | None = Field(None, max_length=MAX_TIME, examples=[_TIME], description="Due at this time or later.")
    before: str | None = Field(None, max_length=MAX_TIME, examples=[_TIME], description="Due before this time.")
    bulk_id: str | None = Field(None, max_length=MAX_ID, description="Of this bulk run.")
    template: str | None = Field(None, max_length=100, description="Made from the template of this name.")


class Cancellation(BaseModel):
    cancelled: int
    too_late: int = Field(description="They were handed to WhatsApp already.")
    more: bool = Field(description="Not all was looked at: send the same request again, with a new Idempotency-Key.")
