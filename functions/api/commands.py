"""Commands: what became of something that a session's browser was asked to do."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from api.belongings import own_session
from api.command_answers import Command as CommandAnswer
from api.parameters import SessionId
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.ids import is_id
from waypost.services.commands import find_command, result_of

router = Router()

CommandId = Annotated[str, Path(description="A command's id.", examples=["cmd_00000000000000000000000000"])]


@router.get("/v1/sessions/<session_id>/commands/<command_id>", tags=["sessions"], summary="Look at a command")
def get(session_id: SessionId, command_id: CommandId) -> CommandAnswer:
    """A request that took longer than ten seconds was answered with the id of its command. It is kept for a day."""
    app, session = bootstrap.app(), own_session(session_id)
    known = command_id if is_id("cmd", command_id) else "-"
    command = find_command(known, session=session.id, tenant=session.tenant, table=app.table)
    return CommandAnswer(
        id=command.id,
        name=command.name,
        state=command.state,
        result=result_of(command, app.seals) if command.state == "done" else None,
        error=command.error,
    )
