"""An event of a session's log (P5). Its data is sealed under the key of its contact, else of its session.

pk SES#{session}#EV#{generation}   sk {number}
"""

from dataclasses import dataclass
from typing import Any, cast

from waypost.domain.event import Event, EventType
from waypost.entities.record import blob, number, text, text_or_none
from waypost.ports import Clause, Item, Put, Table, When


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is stored: `data` is sealed."""

    tenant: str
    session: str
    generation: int
    number: int
    type: EventType
    time_ms: int
    contact: str | None
    message: str | None
    build: str
    data: bytes

    def opened(self, data: dict[str, Any]) -> Event:
        """The event as consumers know it."""
        return Event(
            tenant=self.tenant,
            session=self.session,
            generation=self.generation,
            number=self.number,
            type=self.type,
            time_ms=self.time_ms,
            contact=self.contact,
            message=self.message,
            data=data,
            build=self.build,
        )


def event_write(event: StoredEvent) -> Put:
    """The write of a new event. Its number is free, because the head's condition in the same transaction says so;
    the condition here makes a mistake in that visible instead of overwriting history."""
    return Put(
        {
            "pk": _log_pk(event.session, event.generation),
            "sk": _log_sk(event.number),
            "tenant": event.tenant,
            "session": event.session,
            "generation": event.generation,
            "number": event.number,
            "type": event.type,
            "time_ms": event.time_ms,
            "contact": event.contact,
            "message": event.message,
            "build": event.build,
            "data": event.data,
        },
        When.all(Clause("the number is free", "pk", "absent")),
    )


def list_events(table: Table, session: str, generation: int, *, after: int, limit: int) -> list[StoredEvent]:
    """Events of one generation with a number above `after`, in order."""
    page = table.query(_log_pk(session, generation), after=_log_sk(after), limit=limit)
    return [_from_item(item) for item in page.items]


def last_before(table: Table, session: str, generation: int, time_ms: int) -> int:
    """The number of the newest event of a generation that is older than this time; 0 when there is none.

    Reads backwards from the newest, so it is quick for a time that is not long ago.
    """
    cursor: str | None = None
    while True:
        page = table.query(_log_pk(session, generation), limit=25, descending=True, cursor=cursor)
        for item in page.items:
            if number(item, "time_ms") < time_ms:
                return number(item, "number")
        cursor = page.cursor
        if cursor is None:
            return 0


def _log_pk(session: str, generation: int) -> str:
    return f"SES#{session}#EV#{generation}"


def _log_sk(number_: int) -> str:
    return f"{number_:012d}"


def _from_item(item: Item) -> StoredEvent:
    return StoredEvent(
        tenant=text(item, "tenant"),
        session=text(item, "session"),
        generation=number(item, "generation"),
        number=number(item, "number"),
        type=cast(EventType, text(item, "type")),
        time_ms=number(item, "time_ms"),
        contact=text_or_none(item, "contact"),
        message=text_or_none(item, "message"),
        build=text(item, "build"),
        data=blob(item, "data"),
    )
