"""Asking a session's owner for something within a request: its outcome within ten seconds, else the command's id."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import BaseModel

from api.command_answers import CommandAccepted
from api.current import current
from api.refusals import refusal, uncertain
from waypost import bootstrap
from waypost.entities.command import Command
from waypost.entities.session import Session
from waypost.services.commands import WAIT_SECONDS, ask, result_of, wait_for
from waypost.services.sleeping import wake_for

_JSON = "application/json"


def ask_owner(
    session: Session,
    name: str,
    arguments: dict[str, Any],
    *,
    done: Callable[[dict[str, Any]], BaseModel],
    status: int = HTTPStatus.OK,
) -> Response[str]:
    """Leave a command, wait for its outcome, and answer with what `done` makes of its result.

    Raises WhatsAppError with the errand's code, `command_timeout` or `command_uncertain`. The caller has checked that
    the session can do it. A retry of the request finds its command; one that failed is asked for anew.
    """
    app = bootstrap.app()
    command = wait_for(_leave(session, name, arguments), table=app.table, seconds=WAIT_SECONDS)
    if command.state == "done":
        return Response(int(status), _JSON, done(result_of(command, app.seals)).model_dump_json())
    if command.state == "failed":
        raise refusal(command.error)
    if command.state == "uncertain":
        raise uncertain()
    accepted = CommandAccepted(command_id=command.id, state=command.state)
    location = {"Location": f"/v1/sessions/{session.id}/commands/{command.id}"}
    return Response(int(HTTPStatus.ACCEPTED), _JSON, accepted.model_dump_json(), location)


def answering_with(model: type[BaseModel], status: int = 200) -> dict[int, Any]:
    """What a route that asks documents as its answers."""
    return {
        status: {"description": "Done.", "content": {_JSON: {"model": model}}},
        202: {
            "description": "Not over after ten seconds: look at the command later.",
            "content": {_JSON: {"model": CommandAccepted}},
        },
    }


def _leave(session: Session, name: str, arguments: dict[str, Any]) -> Command:
    app, call, attempt = bootstrap.app(), current(), 0
    while True:
        command = ask(
            name,
            arguments,
            command_id=call.make_id("cmd", attempt),
            session=session.id,
            tenant=session.tenant,
            now_ms=app.now_ms(),
            table=app.table,
            queues=app.engine.queues,
            seals=app.seals,
        )
        wake_for(session, 0, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
        if command.state != "failed":
            return command
        attempt += 1
