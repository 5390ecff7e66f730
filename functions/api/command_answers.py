"""What callers get to know of a command: something that a session's browser does, and that may take its time."""

from typing import Any, Literal

from pydantic import BaseModel, Field

State = Literal["waiting", "running", "done", "failed", "uncertain"]


class CommandAccepted(BaseModel):
    """It was not over within ten seconds. `Location` says where its outcome will stand, for a day."""

    command_id: str = Field(examples=["cmd_00000000000000000000000000"])
    state: State


class Command(BaseModel):
    id: str = Field(examples=["cmd_00000000000000000000000000"])
    name: str = Field(examples=["mark_read"])
    state: State = Field(description="uncertain: its browser died on the way, and it must not be done twice.")
    result: dict[str, Any] | None = Field(description="What came of it, once it is done.")
    error: str | None = Field(description="Why it failed: the `code` of the problem.", examples=["not_group_admin"])


class Done(BaseModel):
    """WhatsApp Web has done it."""

    done: Literal[True] = True
