"""What becomes of the messages of a session that is gone: those of a pool go on elsewhere, each once or not at all.

One transaction cancels it there and accepts it here, so a crash leaves it in one place. Only what nobody handed to
WhatsApp yet is moved: of anything else nobody knows whether it left, so it ends as `uncertain`, and says so (P1).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from waypost.domain.event import Draft
from waypost.domain.ids import make_id
from waypost.domain.message import Lane, Message
from waypost.entities.head import get_head
from waypost.entities.message import accept_writes, get_message, moved_write, step_write
from waypost.entities.pool import Pool, list_pools
from waypost.entities.schedule import accepted_so_far, page_waiting, settled_write
from waypost.entities.session import Session, get_session
from waypost.errors import Conflict
from waypost.ports import Keys, Queues, Table
from waypost.services.contacts import Contacts
from waypost.services.contention import TRIES, pause
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.pools import Chooser, is_gone
from waypost.services.sealing import Seals
from waypost.services.sending import CONTENT, enqueue
from waypost.services.telling import status_told

SECONDS = 12.0
_LANES: tuple[Lane, ...] = ("interactive", "bulk")


@dataclass(frozen=True, slots=True)
class Mover:
    """What moving needs."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    keys: Keys
    chooser: Chooser
    now_ms: Callable[[], int]

    def move_from(self, session_id: str, tenant: str, *, clock: Callable[[], float] = time.monotonic) -> bool:
        """Move what waits in a session that is gone, and end what was being handed over, for SECONDS at most. True:
        there may be more."""
        until = clock() + SECONDS
        if not is_lost(get_session(self.table, session_id)):
            return False
        pools = {pool.id: pool for pool in pools_of(self.table, tenant) if pool.policy == "move"}
        for lane in _LANES:
            cursor: str | None = None
            while True:
                page, cursor = page_waiting(self.table, session_id, lane, limit=50, cursor=cursor)
                for waiting in page:
                    self._settle(waiting.message, None if waiting.pool is None else pools.get(waiting.pool))
                    if clock() > until:
                        return True
                if cursor is None:
                    break
        return False

    def _settle(self, message_id: str, pool: Pool | None) -> None:
        for attempt in range(TRIES):
            message = get_message(self.table, message_id)
            if message is not None and message.status == "sending":
                return self._give_up(message)
            if message is None or message.status != "accepted" or pool is None:
                return None
            try:
                session, _ = self.chooser.choose(pool, message.contact, message.lane)
            except Conflict:
                return None  # nobody can take it: it waits where it is
            if session.id == message.session or self._transfer(message, session):
                return None
            pause(attempt)
        return None

    def _give_up(self, message: Message) -> None:
        """Nobody can tell whether it left. Should its account ever come back and know it, it is sent after all."""
        now_ms, head = self.now_ms(), get_head(self.table, message.session)
        if head is None:
            return
        step = step_write(message.id, "sending", "uncertain", {"uncertain": now_ms}, reason="session_lost")
        draft = status_told(message, "uncertain", now_ms, contacts=self.contacts, reason="session_lost")
        done = append([Entry((draft,), (step, settled_write(message)))], head=head, table=self.table, seals=self.seals,
                      epoch=None)  # fmt: skip
        nudge_consumers(message.session, done.head.number, queues=self.queues)

    def _transfer(self, message: Message, session: Session) -> bool:
        """False when something changed meanwhile."""
        head = get_head(self.table, message.session)
        if head is None:
            return True
        number = accepted_so_far(self.table, session.id, message.contact, message.lane) + 1
        moved = replace(self._anew(message, session), number=number)
        due_ms = max(moved.created_ms, moved.send_at_ms)
        writes = (
            moved_write(message.id, self.now_ms(), to=moved.id),
            settled_write(message),
            *accept_writes(moved, due_ms=due_ms),
        )
        done = append([Entry((self._notice(message, moved),), writes)], head=head, table=self.table, seals=self.seals,
                      epoch=None)  # fmt: skip
        if done.refused:
            return False
        nudge_consumers(message.session, done.head.number, queues=self.queues)
        if due_ms <= self.now_ms():
            enqueue(moved.session, moved.lane, moved.contact, moved.id, moved.id, queues=self.queues)
        return True

    def _anew(self, message: Message, session: Session) -> Message:
        """The same message in another session, under an id that a second try makes again."""
        new_id = make_id("msg", self.keys.mac("move", f"{message.id}#{session.id}".encode()))
        tenant, contact = message.tenant, message.contact
        content = self.seals.open(tenant, contact, f"{CONTENT}#{message.id}", message.content)
        now_ms = self.now_ms()
        return replace(
            message,
            id=new_id,
            session=session.id,
            created_ms=now_ms,
            content=self.seals.seal(tenant, contact, f"{CONTENT}#{new_id}", content),
            reply_to=None,  # what it answers is in the other account's chat
            moved_from=message.id,
            attempts=0,
            times={"accepted": now_ms},
        )

    def _notice(self, message: Message, moved: Message) -> Draft:
        to = {"session_id": moved.session, "message_id": moved.id}
        return status_told(message, "cancelled", self.now_ms(), contacts=self.contacts, reason="moved", moved_to=to)


def is_lost(session: Session | None) -> bool:
    """Whether nothing will leave by this session any more, unless somebody links it anew."""
    return session is None or is_gone(session) or session.desired == "deleted"


def waits(table: Table, session: str) -> bool:
    return any(page_waiting(table, session, lane, limit=1, cursor=None)[0] for lane in _LANES)


def pools_of(table: Table, tenant: str) -> list[Pool]:
    found: list[Pool] = []
    cursor: str | None = None
    while True:
        page, cursor = list_pools(table, tenant, limit=100, cursor=cursor)
        found += page
        if cursor is None:
            return found


def nudge_gone(session: str, tenant: str, *, queues: Queues) -> None:
    """Have what waits in a session that is gone looked at."""
    queues.queue("runs").send(json.dumps({"gone": session, "tenant": tenant}))
