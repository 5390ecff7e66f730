"""A command for a session's owner, and what became of it.

pk SES#{session}   sk CMD#{time}#{command}   it waits for the owner; gone when it was carried out
pk CMD#{command}   sk -                      the command with its outcome, for a day
"""

from dataclasses import dataclass, replace
from typing import Literal, cast

from waypost.entities.record import blob, number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Delete, Item, Key, Put, Table, Update, When, Write

KEEP_SECONDS = 24 * 3600

# `uncertain`: the owner died while it carried out what must not be done twice.
State = Literal["waiting", "running", "done", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class Command:
    """`arguments` (may be empty) and `result` are JSON objects sealed under the session's key; `error` is a code."""

    id: str
    session: str
    tenant: str
    name: str
    created_ms: int
    arguments: bytes
    state: State = "waiting"
    result: bytes | None = None
    error: str | None = None
    epoch: int = 0  # of the owner that took it up


def new_command_writes(command: Command) -> list[Write]:
    """The writes that leave it for the owner; the first fails when the id is there already."""
    absent = When.all(Clause("is new", "pk", "absent"))
    return [Put(_to_item(command), absent), Put(_pointer(command))]


def get_command(table: Table, command: str) -> Command | None:
    item = table.get(Key(f"CMD#{command}", "-"))
    return None if item is None else _from_item(item)


def waiting_commands(table: Table, session: str) -> list[Command]:
    """Oldest first."""
    page = table.query(f"SES#{session}", begins_with="CMD#")
    found = (get_command(table, text(item, "command")) for item in page.items)
    return [command for command in found if command is not None]


def begin_command(table: Table, command: Command, epoch: int) -> bool:
    """Take it up under our epoch; False when somebody else has since it was read."""
    try:
        table.update(
            Update(
                Key(f"CMD#{command.id}", "-"),
                set={"state": "running", "epoch": epoch},
                when=When.all(
                    Clause("as it was read", "state", "eq", command.state),
                    Clause("by the same owner", "epoch", "eq", command.epoch),
                ),
            )
        )
    except ConditionFailed:
        return False
    return True


def end_command(table: Table, command: Command, state: State, *, result: bytes | None, error: str | None) -> Command:
    """Note its outcome and take it from the owner's list."""
    table.transact(
        [
            Update(Key(f"CMD#{command.id}", "-"), set={"state": state, "result": result, "error": error}),
            Delete(_pointer_key(command)),
        ]
    )
    return replace(command, state=state, result=result, error=error)


def _pointer_key(command: Command) -> Key:
    return Key(f"SES#{command.session}", f"CMD#{command.created_ms:013d}#{command.id}")


def _pointer(command: Command) -> Item:
    key = _pointer_key(command)
    return {"pk": key.pk, "sk": key.sk, "command": command.id}


def _to_item(command: Command) -> Item:
    return {
        "pk": f"CMD#{command.id}",
        "sk": "-",
        "id": command.id,
        "session": command.session,
        "tenant": command.tenant,
        "name": command.name,
        "created_ms": command.created_ms,
        "arguments": command.arguments,
        "state": command.state,
        "result": command.result,
        "error": command.error,
        "epoch": command.epoch,
        "ttl": command.created_ms // 1000 + KEEP_SECONDS,
    }


def _from_item(item: Item) -> Command:
    return Command(
        id=text(item, "id"),
        session=text(item, "session"),
        tenant=text(item, "tenant"),
        name=text(item, "name"),
        created_ms=number(item, "created_ms"),
        arguments=blob(item, "arguments"),
        state=cast(State, text(item, "state")),
        result=blob(item, "result") if item.get("result") is not None else None,
        error=text_or_none(item, "error"),
        epoch=number(item, "epoch"),
    )
