"""Which session of a pool sends to somebody (R-SAFE-2): a conversation stays with one session, the work is shared."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Policy = Literal["wait", "move"]
# What ends a session until somebody links it anew.
GONE = frozenset({"banned", "logged_out", "failed"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member. `gone`: its account is lost. `usable`: it could send now or soon. `wait_ms` is how long a new message
    would wait there, behind `waiting` others. `restricted`: new chats are refused. `first_contacts` is how many people
    it may still write to first today; None: as many as you like. `health` is from 0 to 100. `knows` is false where it
    has not saved the person, although that is asked for (R-LIM-8)."""

    session: str
    usable: bool
    gone: bool = False
    restricted: bool = False
    wait_ms: int = 0
    waiting: int = 0
    first_contacts: int | None = None
    health: int = 100
    knows: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """`moved_from` is the session that the conversation was with before."""

    session: str
    moved_from: str | None = None


def which_session(
    candidates: Sequence[Candidate], contact: str, *, talks_with: str | None, policy: Policy
) -> Choice | None:
    """The session for a message; None: there is none that could send it.

    Who talks with somebody goes on, also when it has to wait. Is it gone, `wait` stays with it until it is linked
    again, and `move` goes on by another one. A session that left the pool cannot be waited for.
    """
    present = next((one for one in candidates if one.session == talks_with), None)
    if present is not None and (not present.gone or policy == "wait"):
        return Choice(present.session)
    usable = [one for one in candidates if one.usable and not one.gone]
    if not usable:
        return None
    best = min(usable, key=lambda one: _rank(one, contact))
    return Choice(best.session, talks_with)


def _rank(one: Candidate, contact: str) -> tuple[bool, bool, bool, bool, int, int, bytes]:
    """The least is best: knows the person, may write to a stranger, is well, has room. Among equals the contact
    decides."""
    spent = one.first_contacts is not None and one.first_contacts <= 0
    lot = hashlib.sha256(f"{contact}#{one.session}".encode()).digest()
    return not one.knows, one.restricted, spent, one.health < _WELL, one.wait_ms, one.waiting, lot


_WELL = 50
