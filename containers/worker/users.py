"""Which user ids a task's processes have: one for the worker, and one for each session's browser. Pure.

WAYPOST_USERS=10001:10100-10199 names them for a launcher that runs as root: the worker's, and the range for browsers.
A group of the same number belongs to each; the worker is in all of them, a browser only in its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

_LEAST = 1000  # below are the system's own


@dataclass(frozen=True, slots=True)
class Users:
    worker: int
    first: int
    last: int

    @property
    def browsers(self) -> range:
        return range(self.first, self.last + 1)


def users_from(environment: Mapping[str, str]) -> Users | None:
    """None when nothing is said. Raises ValueError for what makes no sense."""
    text = environment.get("WAYPOST_USERS", "")
    if not text:
        return None
    worker, _, span = text.partition(":")
    first, _, last = span.partition("-")
    users = Users(int(worker), int(first), int(last))
    if not _LEAST <= users.first <= users.last or users.worker < _LEAST or users.worker in users.browsers:
        raise ValueError("WAYPOST_USERS is like 10001:10100-10199, all of them 1000 or above")
    return users


@dataclass(slots=True)
class Seats:
    """Who sits where: a session keeps its user id for as long as there is room for all."""

    users: Users
    taken: dict[str, int] = field(default_factory=dict)

    def of(self, session: str, busy: Collection[str]) -> int:
        """The session's user id. When none is free, the one of the session that is longest without a browser; `busy`
        have one. Raises LookupError when all have."""
        user = self.taken.pop(session, None)
        if user is None:
            free = (one for one in self.users.browsers if one not in self.taken.values())
            user = next(free, None)
        if user is None:
            idle = next((one for one in self.taken if one not in busy), None)
            if idle is None:
                raise LookupError("there are more browsers than user ids")
            user = self.taken.pop(idle)
        self.taken[session] = user
        return user
