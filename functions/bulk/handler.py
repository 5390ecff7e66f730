"""Works through bulk runs, and moves or wakes what waits. Trigger: the queue `runs`, one at a time.

    {"run": …}                      a bulk run has rows left, or was cancelled; it comes back by a message of its own
    {"gone": session, "tenant": …}  an account was lost: what waits there goes on in another session of its pools
    {"settled": media}              a file is ready or refused: the messages that wait for it go on or fail

A message that fails is given back and comes again; after `max_receives` it is a dead letter, and the sweeper finds
what it was for.
"""

import math
from typing import Any

from waypost.bootstrap import App, app
from waypost.domain.wanted import Wanted
from waypost.entities.bulk import Run
from waypost.entities.pool import get_pool
from waypost.entities.session import Session, get_session
from waypost.queue_records import Answer, Event, handle_records
from waypost.services.address_book import AddressBook
from waypost.services.bulk_runs import nudge_run
from waypost.services.bulk_work import BulkDesk, work
from waypost.services.consent_settings import consent_settings
from waypost.services.media_waking import Waker
from waypost.services.pool_moves import Mover, nudge_gone
from waypost.services.pools import find_pool, remembering
from waypost.services.sessions import find_session


def handler(event: Event, _context: object) -> Answer:
    return handle_records(event, lambda message: _handle(message, app()), service="bulk")


def _handle(message: dict[str, Any], parts: App) -> None:
    queues = parts.engine.queues
    if "run" in message:
        again = work(message["run"], _desk(parts))
        if again is not None:
            nudge_run(message["run"], queues=queues, delay_seconds=math.ceil(again))
    elif "settled" in message:
        _waker(parts).wake_all(message["settled"])
    elif _mover(parts).move_from(message["gone"], message["tenant"]):
        nudge_gone(message["gone"], message["tenant"], queues=queues)


def _desk(parts: App) -> BulkDesk:
    chooser = remembering(parts.chooser)  # hundreds of rows ask it within seconds

    def choose(run: Run, wanted: Wanted) -> Session:
        if not run.pool:
            return find_session(run.session, tenant=run.tenant, table=parts.table)
        pool = find_pool(run.pool, tenant=run.tenant, table=parts.table)
        rules = consent_settings(run.tenant, table=parts.table, seals=parts.seals)

        def knows(session: Session) -> bool:
            book = AddressBook(session.id, run.tenant, parts.table, parts.contacts)
            return not rules.bulk_to_saved_only or book.is_saved_contact(wanted.to)

        if run.phase == "checking":
            contact = parts.contacts.find(run.tenant, wanted.to) or ""
            return chooser.foresee(pool, contact, wanted.lane, knows=knows)
        contact = parts.contacts.resolve(run.tenant, [wanted.to], now_ms=parts.now_ms())
        return chooser.choose(pool, contact, wanted.lane, knows=knows)[0]

    def sessions_of(run: Run) -> list[Session]:
        pool = get_pool(parts.table, run.pool) if run.pool else None
        names = pool.sessions if pool is not None else (run.session,) if run.session else ()
        found = [get_session(parts.table, name) for name in names]
        return [session for session in found if session is not None]

    return BulkDesk(
        table=parts.table,
        queues=parts.engine.queues,
        seals=parts.seals,
        contacts=parts.contacts,
        keys=parts.engine.keys,
        blobs=parts.engine.blobs["bulk"],
        backlog=parts.backlog,
        now_ms=parts.now_ms,
        sessions_of=sessions_of,
        choose=choose,
    )


def _waker(parts: App) -> Waker:
    return Waker(
        table=parts.table,
        queues=parts.engine.queues,
        seals=parts.seals,
        contacts=parts.contacts,
        now_ms=parts.now_ms,
    )


def _mover(parts: App) -> Mover:
    return Mover(
        table=parts.table,
        queues=parts.engine.queues,
        seals=parts.seals,
        contacts=parts.contacts,
        keys=parts.engine.keys,
        chooser=parts.chooser,
        now_ms=parts.now_ms,
    )
