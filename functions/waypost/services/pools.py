"""Choosing the session of a pool for a message, so that two first messages at once choose the same one (R-SAFE-2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from waypost.domain.message import Lane
from waypost.domain.outlook import ahead_of, wait_behind
from waypost.domain.pool import GONE, Candidate, Choice, which_session
from waypost.entities.pool import Pool, get_pool, settle_talk, talks_with
from waypost.entities.session import Session, get_session
from waypost.errors import Conflict, NotFound, TransactionConflict
from waypost.ports import Table
from waypost.services.backlog import WORKING, Backlog
from waypost.services.contention import TRIES


@dataclass(frozen=True, slots=True)
class Room:
    """What is known of a session beside its queue: how many people it may still write to first (None: as many as you
    like), and its health from 0 to 100."""

    first_contacts: int | None = None
    health: int = 100


type Knows = Callable[[Session], bool]


def _all_do(_session: Session) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses among a pool's sessions as they are now."""

    table: Table
    backlog: Backlog
    room_of: Callable[[Session], Room] = lambda _session: Room()

    def choose(self, pool: Pool, contact: str, lane: Lane, *, knows: Knows = _all_do) -> tuple[Session, Choice]:
        """The session that talks with the contact from now on. Raises Conflict `pool_no_session`."""
        for _ in range(TRIES):
            before = talks_with(self.table, pool.id, contact)
            sessions = {one.id: one for one in self.members(pool)}
            choice = self._which(pool, sessions, contact, lane, before, knows)
            if choice.session == before or settle_talk(self.table, pool.id, contact, choice.session, before=before):
                return sessions[choice.session], choice
        raise TransactionConflict("Too many choose for this person at once; try again.")

    def foresee(self, pool: Pool, contact: str, lane: Lane, *, knows: Knows = _all_do) -> Session:
        """The session that would be chosen, without settling it. Raises Conflict `pool_no_session`."""
        sessions = {one.id: one for one in self.members(pool)}
        before = talks_with(self.table, pool.id, contact) if contact else None
        return sessions[self._which(pool, sessions, contact, lane, before, knows).session]

    def members(self, pool: Pool) -> list[Session]:
        """Those of its sessions that there are."""
        found = [get_session(self.table, session) for session in pool.sessions]
        return [one for one in found if one is not None and one.tenant == pool.tenant and one.desired != "deleted"]

    def _which(
        self, pool: Pool, sessions: dict[str, Session], contact: str, lane: Lane, before: str | None, knows: Knows
    ) -> Choice:
        candidates = [self._candidate(one, lane, knows) for one in sessions.values()]
        choice = which_session(candidates, contact, talks_with=before, policy=pool.policy)
        if choice is None:
            raise Conflict(
                "No session of the pool can send.",
                field="pool_id",
                mend="Start or link one of its sessions, or add one that works.",
                code="pool_no_session",
            )
        return choice

    def _candidate(self, session: Session, lane: Lane, knows: Knows) -> Candidate:
        room, waiting = self.room_of(session), self.backlog.waiting(session, self.table)
        ahead = ahead_of(lane, waiting)
        return Candidate(
            session=session.id,
            usable=session.me is not None and session.desired == "running" and session.status in WORKING,
            gone=is_gone(session),
            restricted=session.status == "restricted",
            wait_ms=wait_behind(ahead, self.backlog.outlook_of(session, lane).pace)[0],
            waiting=ahead,
            first_contacts=room.first_contacts,
            health=room.health,
            knows=knows(session),
        )


def remembering(chooser: Chooser) -> Chooser:
    """One that looks once only for what each session may still do: for some seconds' work."""
    rooms: dict[str, Room] = {}

    def room_of(session: Session) -> Room:
        return rooms[session.id] if session.id in rooms else rooms.setdefault(session.id, chooser.room_of(session))

    return replace(chooser, room_of=room_of)


def is_gone(session: Session) -> bool:
    """Whether its account is lost until somebody links it anew."""
    return (session.status in GONE and session.me is None) or session.status == "banned"


def find_pool(pool_id: str, *, tenant: str, table: Table) -> Pool:
    """Raises NotFound `pool_not_found`, also for another tenant's."""
    pool = get_pool(table, pool_id)
    if pool is None or pool.tenant != tenant:
        raise NotFound(
            "There is no such pool.", field="pool_id", mend="List them with GET /v1/pools.", code="pool_not_found"
        )
    return pool
