"""Path and query parameters that several routes take."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

SessionId = Annotated[str, Path(description="A session's id.", examples=["ses_00000000000000000000000000"])]
MessageId = Annotated[str, Path(description="A message's id.", examples=["msg_00000000000000000000000000"])]
WebhookId = Annotated[str, Path(description="A webhook's id.", examples=["whk_00000000000000000000000000"])]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=2048, description="`next_cursor` of the page before.")]
Order = Annotated[Literal["asc", "desc"], Query(description="asc: oldest first.")]
