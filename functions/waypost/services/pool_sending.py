"""Accepting a message for a pool: by the session that is chosen, and with word of it when a conversation moves."""

from dataclasses import dataclass, replace

from waypost.domain.event import Draft
from waypost.domain.message import Message
from waypost.domain.wanted import Wanted, check_content
from waypost.entities.head import get_head
from waypost.entities.message import get_message
from waypost.entities.pool import Pool
from waypost.entities.session import Session, get_session
from waypost.ports import Queues, Table
from waypost.services.accepting import accept
from waypost.services.admission import CHECKS
from waypost.services.backlog import Backlog
from waypost.services.contacts import Contacts
from waypost.services.journal import Entry, append
from waypost.services.nudges import nudge_consumers
from waypost.services.pool_moves import nudge_gone
from waypost.services.pools import Chooser, is_gone
from waypost.services.sealing import Seals


@dataclass(frozen=True, slots=True)
class PoolDesk:
    """What it needs, at one moment."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    backlog: Backlog
    chooser: Chooser
    now_ms: int


@dataclass(frozen=True, slots=True)
class SentByPool:
    """`moved_from` is the session that the conversation was with until now."""

    message: Message
    session: Session
    moved_from: str | None = None


def send_by_pool(wanted: Wanted, pool: Pool, *, message_id: str, desk: PoolDesk) -> SentByPool:
    """Accept it by the session that talks with the person. Raises Conflict `pool_no_session`, and what `accept` raises.

    A session that is gone, in a pool that waits, still takes it: it goes when the account is linked again.
    """
    stored = get_message(desk.table, message_id)
    known = None if stored is None else get_session(desk.table, stored.session)
    if stored is not None and known is not None:
        return SentByPool(stored, known)
    if wanted.template is None:
        check_content(wanted)  # who asks for nonsense leaves no contact behind
    contact = desk.contacts.resolve(pool.tenant, [wanted.to], now_ms=desk.now_ms)
    session, choice = desk.chooser.choose(pool, contact, wanted.lane)
    message = accept(
        replace(wanted, pool=pool.id),
        message_id=message_id,
        session=session,
        now_ms=desk.now_ms,
        table=desk.table,
        queues=desk.queues,
        seals=desk.seals,
        contacts=desk.contacts,
        backlog=desk.backlog,
        checks=[check for check in CHECKS if check.name != "linked" or not is_gone(session)],
    )
    if choice.moved_from is not None:
        _tell(session, contact, choice.moved_from, pool, desk)
    return SentByPool(message, session, choice.moved_from)


def _tell(session: Session, contact: str, moved_from: str, pool: Pool, desk: PoolDesk) -> None:
    """The conversation has another number from now on; and what still waits for anybody there comes after it."""
    head = get_head(desk.table, session.id)
    if head is None:
        return
    data = {
        "chat": desk.contacts.view(session.tenant, contact),
        "pool": {"id": pool.id, "moved_from": moved_from, "moved_to": session.id},
    }
    draft = Draft("contact_status", desk.now_ms, data, contact=contact)
    done = append([Entry((draft,))], head=head, table=desk.table, seals=desk.seals, epoch=None, build=session.build)
    nudge_consumers(session.id, done.head.number, queues=desk.queues)
    nudge_gone(moved_from, pool.tenant, queues=desk.queues)
