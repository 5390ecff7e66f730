"""The canaries as sessions see them: which pair they run, whether it passed, and pairs seen for the first time.

Who the canaries are is the operator's choice, kept in the table: a session's own metadata would let any tenant decide
when everybody's sessions load a new build, and a setting would need a deploy for each new session.
"""

from waypost.domain.canary import Answer, Pair, may_take
from waypost.entities.canary import delete_canaries, get_canaries, get_pair, put_canaries, put_pair
from waypost.entities.session import get_session
from waypost.errors import NotFound, ValidationError
from waypost.ports import Table


def choose_canaries(first: str, second: str, *, table: Table) -> None:
    """Raises NotFound, or ValidationError where it is one session twice."""
    if first == second:
        raise ValidationError(
            "A canary cannot write to itself.", field="sessions", mend="Name two sessions.", code="canary_alone"
        )
    for session in (first, second):
        if get_session(table, session) is None:
            raise NotFound(f"There is no session {session}.", field="sessions", code="session_not_found")
    put_canaries(table, first, second)


def forget_canaries(*, table: Table) -> None:
    """Every session loads a new build when WhatsApp asks, as if there had never been canaries."""
    delete_canaries(table)


def note_pair(name: str, *, table: Table, now_ms: int) -> bool:
    """Keep a pair as untested; False when it is known already."""
    return put_pair(table, Pair(name, first_seen_ms=now_ms), when_new=True)


def canary_pairs(table: Table) -> tuple[Pair, ...]:
    """What the canaries run, as their records say; a canary that was deleted runs a pair that nobody knows."""
    sessions = [get_session(table, one) for one in get_canaries(table)]
    return tuple(get_pair(table, one.build if one is not None else "") for one in sessions)


def ask(session: str, pair: str, *, waited_ms: int, patience_ms: int, table: Table) -> Answer:
    """Whether a session that runs `pair` may load a newer one now; a canary always may."""
    if session in get_canaries(table):
        return "tested"
    return may_take(pair, canary_pairs(table), waited_ms=waited_ms, patience_ms=patience_ms)
