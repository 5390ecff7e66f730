"""What callers send and get about pools."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.queue_schemas import AcceptedMessage
from api.schemas import MAX_ID, Request, printable

MAX_MEMBERS = 100
_TIME = "2026-11-22T12:00:00.000Z"
SessionName = Annotated[str, StringConstraints(max_length=MAX_ID)]
PolicyName = Literal["wait", "move"]
_POLICY = (
    "What becomes of a conversation whose session is banned, logged out or deleted. wait: it waits until the session is"
    " linked again. move: it goes on by another session, which the person sees as another number."
)


class NewPool(Request):
    name: Annotated[str, AfterValidator(printable)] = Field(
        min_length=1, max_length=100, examples=["Support"], description="For people. Stored in clear."
    )
    sessions: list[SessionName] = Field(default_factory=list, max_length=MAX_MEMBERS, description="Ids of its members.")
    policy: PolicyName = Field("wait", description=_POLICY)


class PoolChange(Request):
    """What is left out stays as it is."""

    name: Annotated[str, AfterValidator(printable)] | None = Field(None, min_length=1, max_length=100)
    sessions: list[SessionName] | None = Field(None, max_length=MAX_MEMBERS, description="All members from now on.")
    policy: PolicyName | None = Field(None, description=_POLICY)


class Pool(BaseModel):
    id: str = Field(examples=["pol_00000000000000000000000000"])
    name: str
    sessions: list[str]
    policy: PolicyName
    created_at: str = Field(examples=[_TIME])


class Pools(BaseModel):
    pools: list[Pool]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class PoolMessage(AcceptedMessage):
    pool_id: str
    moved_from_session: str | None = Field(description="The session that the conversation was with until now.")
