"""Whose turn it is to be sent: the pure core of a session's gate (decision 5).

Interactive messages go before bulk, in a lane those that came first; a message that has to wait lets others pass.
While the cooldown asks for it, one message at a time has the turn; a bulk message that is still being typed gives it
up for an interactive one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waypost.domain.limits import Limits
from waypost.domain.message import Lane

SHORT_WAIT_MS = 20_000  # who has to wait longer leaves the gate and waits in the table
SIDE_BY_SIDE = 20  # who has the turn at once where no cooldown keeps them apart


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait until `until_ms` because of `reason`: a limit's name, `first_contact`, `existence`, `restricted`,
    `active_hours`, or `order`, behind an earlier message of the chat and lane. `whole_lane`: so does everything in the
    lane, and the lane stops being fed; a message that is held by itself says so in the table."""

    until_ms: int
    reason: str
    whole_lane: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A message at the gate. `paces_ms` is how long it is read and typed before it is handed over."""

    number: int  # in the order of arrival
    lane: Lane
    media: bool = False
    paces_ms: int = 0


@dataclass(frozen=True, slots=True)
class Turns:
    """What follows: whose turn begins, who gives it up, who leaves, and when to look again (None: when told to)."""

    begin: tuple[Ticket, ...] = ()
    step_back: tuple[Ticket, ...] = ()
    leave: tuple[tuple[Ticket, Hold], ...] = ()
    look_again_ms: int | None = None


def next_turns(
    waiting: Sequence[Ticket],
    pacing: Sequence[Ticket],
    handing: int,
    *,
    limits: Limits,
    verdict: Callable[[Ticket], Hold | None],
    now_ms: int,
) -> Turns:
    """`pacing` have the turn and are still read and typed, `handing` of them are with WhatsApp. `verdict` says from
    when on a ticket may be handed over; None: now."""
    free = (1 if limits.cooldown_ms else SIDE_BY_SIDE) - len(pacing) - handing
    begin: list[Ticket] = []
    leave: list[tuple[Ticket, Hold]] = []
    look_again: list[int] = []
    eager = False  # somebody interactive waits for nothing but the turn
    for ticket in sorted(waiting, key=_rank):
        held = verdict(ticket)
        if held is not None and is_long(held, now_ms):
            leave.append((ticket, held))
        elif held is not None and held.until_ms - ticket.paces_ms > now_ms:
            look_again.append(held.until_ms - ticket.paces_ms)
        elif len(begin) < free:
            begin.append(ticket)
        else:
            eager = eager or ticket.lane == "interactive"
    slow = tuple(ticket for ticket in pacing if ticket.lane == "bulk") if eager else ()
    return Turns(tuple(begin), slow[:1], tuple(leave), min(look_again, default=None))


def is_long(hold: Hold, now_ms: int) -> bool:
    """Whether to wait for it in the table, not at the gate."""
    return hold.until_ms - now_ms > SHORT_WAIT_MS


def _rank(ticket: Ticket) -> tuple[bool, int]:
    return ticket.lane != "interactive", ticket.number
