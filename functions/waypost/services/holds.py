"""Whether a message is held although it is due: its lane was paused, or the bulk run that it belongs to; or it is too
late for it."""

from typing import Literal

from waypost.domain.message import Message
from waypost.entities.bulk import RunState, run_state
from waypost.entities.queue_pause import get_pause
from waypost.ports import Table

Hold = Literal["paused", "bulk_cancelled", "expires_at"]


class Runs:
    """The states of bulk runs, each looked up once: for one pass over the schedule."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._states: dict[str, RunState] = {}

    def state_of(self, run: str | None) -> RunState:
        """`running` for what belongs to no run, and for a run whose record is gone: it was done long ago."""
        if run is None:
            return "running"
        if run not in self._states:
            self._states[run] = run_state(self._table, run)
        return self._states[run]


def held_by(message: Message, table: Table, now_ms: int) -> Hold | None:
    """Why a message must not be handed over now; None too when it was already. All but `paused` is for ever."""
    if message.status != "accepted":
        return None
    if message.expires_ms and now_ms >= message.expires_ms:
        return "expires_at"
    state = Runs(table).state_of(message.bulk)
    if state == "cancelled":
        return "bulk_cancelled"
    if state == "paused" or get_pause(table, message.session, message.lane) is not None:
        return "paused"
    return None
