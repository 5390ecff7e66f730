"""Asking a session's owner to do something, and waiting for what comes of it (decision 6).

The item is the truth; the message on the session's queue only wakes the owner.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from waypost.domain.lease import may_claim
from waypost.entities.command import (
    Command,
    State,
    begin_command,
    end_command,
    get_command,
    new_command_writes,
    waiting_commands,
)
from waypost.entities.head import get_head
from waypost.errors import ConditionFailed, NotFound
from waypost.ports import Queues, Table
from waypost.services.sealing import Seals

WAIT_SECONDS = 10.0  # how long the API waits for an outcome before it answers with the command's id
_LOOKS = (0.01, 0.02, 0.03, 0.05, 0.1)  # seconds between looks at the outcome; the last one repeats


def ask(
    name: str,
    arguments: dict[str, Any],
    *,
    command_id: str,
    session: str,
    tenant: str,
    now_ms: int,
    table: Table,
    queues: Queues,
    seals: Seals,
) -> Command:
    """Leave a command for the owner and nudge it. The same id returns the command as it is by now."""
    command = Command(
        id=command_id,
        session=session,
        tenant=tenant,
        name=name,
        created_ms=now_ms,
        arguments=seals.seal_json(tenant, session, f"command#{command_id}", arguments),
    )
    try:
        table.transact(new_command_writes(command))
    except ConditionFailed:
        return find_command(command_id, session=session, tenant=tenant, table=table)
    queues.queue(f"interactive-{session}").send(
        json.dumps({"command": command_id}), group="control", deduplication_id=command_id
    )
    return command


def find_command(command_id: str, *, session: str, tenant: str, table: Table) -> Command:
    """Raises NotFound, also for a command of another session or tenant."""
    command = get_command(table, command_id)
    if command is None or command.session != session or command.tenant != tenant:
        raise NotFound("There is no such command in this session.", field="command_id", code="command_not_found")
    return command


def wait_for(command: Command, *, table: Table, seconds: float = WAIT_SECONDS) -> Command:
    """The command once it is over, or as it is after `seconds`."""
    deadline, looks = time.monotonic() + seconds, iter(_LOOKS)
    pause = 0.0
    while command.state in ("waiting", "running") and time.monotonic() < deadline:
        pause = next(looks, pause)
        time.sleep(pause)
        command = get_command(table, command.id) or command
    return command


def arguments_of(command: Command, seals: Seals) -> dict[str, Any]:
    if not command.arguments:
        return {}
    opened: dict[str, Any] = seals.open_json(
        command.tenant, command.session, f"command#{command.id}", command.arguments
    )
    return opened


def result_of(command: Command, seals: Seals) -> dict[str, Any]:
    """What came of it; empty when there is nothing to tell."""
    if command.result is None:
        return {}
    opened: dict[str, Any] = seals.open_json(
        command.tenant, command.session, f"command-result#{command.id}", command.result
    )
    return opened


def take_up(session: str, *, epoch: int, repeatable: Callable[[str], bool], table: Table) -> list[Command]:
    """The commands that the owner is to carry out now, oldest first.

    What an earlier owner was at when it died is done again where doing it twice is doing it once; else it ends as
    `uncertain`.
    """
    taken: list[Command] = []
    for command in waiting_commands(table, session):
        if command.epoch == epoch:
            continue  # we are at it
        if command.state == "waiting" or repeatable(command.name):
            if begin_command(table, command, epoch):
                taken.append(command)
        else:
            end_command(table, command, "uncertain", result=None, error="owner_lost")
    return taken


def finish(
    command: Command, state: State, *, result: dict[str, Any] | None = None, error: str | None = None,
    table: Table, seals: Seals,
) -> None:  # fmt: skip
    """Note what came of it."""
    sealed = (
        None
        if result is None
        else seals.seal_json(command.tenant, command.session, f"command-result#{command.id}", result)
    )
    end_command(table, command, state, result=sealed, error=error)


def is_owned(session: str, *, table: Table, now_ms: int) -> bool:
    """Whether somebody owns the session, and so will take commands up."""
    head = get_head(table, session)
    return head is not None and not may_claim(head, now_ms)
