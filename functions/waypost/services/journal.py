"""Appending to a session's log: one transaction numbers the events and takes the steps they tell of (decision 7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.domain.event import Draft, Event
from waypost.domain.lease import Head
from waypost.entities.event import StoredEvent, event_write, list_events
from waypost.entities.head import advance, get_head
from waypost.errors import ConditionFailed, Fenced, NotFound, TransactionConflict
from waypost.ports import MAX_TRANSACTION_WRITES, Key, Put, Table, Write
from waypost.services.contention import TRIES, pause
from waypost.services.sealing import Seals


@dataclass(frozen=True, slots=True)
class Entry:
    """Events that belong together, and the writes that are true only together with them. All of it or nothing."""

    drafts: tuple[Draft, ...]
    writes: tuple[Write, ...] = ()

    @property
    def size(self) -> int:
        return len(self.drafts) + len(self.writes)


@dataclass(frozen=True, slots=True)
class Appended:
    """The head after it, and which of the entries were refused because one of their own conditions failed."""

    head: Head
    refused: tuple[int, ...]


def batches(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Cut entries, in order, into pieces that each fit one transaction beside the head and name no item twice."""
    pieces: list[list[Entry]] = []
    room = 0
    taken: set[Key] = set()
    for entry in entries:
        keys = {_key(write) for write in entry.writes}
        if not pieces or entry.size > room or keys & taken:
            pieces.append([])
            room, taken = MAX_TRANSACTION_WRITES - 1, set()
        pieces[-1].append(entry)
        room -= entry.size
        taken |= keys
    return pieces


def append(
    entries: Sequence[Entry], *, head: Head, table: Table, seals: Seals, epoch: int | None, build: str = ""
) -> Appended:
    """Append entries that fit one transaction. An entry whose own condition fails is left out, the rest is appended.

    `epoch` is the owner's; None for others. Raises Fenced when another owner has begun, NotFound when there is no
    such session, TransactionConflict after many tries.
    """
    left = list(range(len(entries)))
    refused: list[int] = []
    for attempt in range(TRIES):
        if not left:
            return Appended(head, tuple(refused))
        writes, owners = _writes(entries, left, head=head, seals=seals, epoch=epoch, build=build)
        try:
            table.transact(writes)
        except ConditionFailed as failure:
            bad = {owners[position] for position in failure.failed if owners[position] is not None}
            if 0 in failure.failed or not bad:
                pause(attempt)
                head = _reread(table, head, epoch)
            else:
                refused.extend(index for index in left if index in bad)
                left = [index for index in left if index not in bad]
        except TransactionConflict:
            pause(attempt)
            head = _reread(table, head, epoch)
        else:
            count = sum(len(entries[index].drafts) for index in left)
            return Appended(replace(head, number=head.number + count), tuple(refused))
    raise TransactionConflict("The log is written by too many at once.")


def read(table: Table, seals: Seals, session: str, *, generation: int, after: int, limit: int) -> list[Event]:
    """Events of one generation with a number above `after`, in order, opened."""
    return [open_event(seals, stored) for stored in list_events(table, session, generation, after=after, limit=limit)]


def open_event(seals: Seals, stored: StoredEvent) -> Event:
    data = seals.open_json(stored.tenant, stored.contact or stored.session, _purpose(stored), stored.data)
    return stored.opened(data)


def _writes(
    entries: Sequence[Entry], left: list[int], *, head: Head, seals: Seals, epoch: int | None, build: str
) -> tuple[list[Write], list[int | None]]:
    """The transaction's writes, and for each the entry that it belongs to (None: the head)."""
    count = sum(len(entries[index].drafts) for index in left)
    writes: list[Write] = [advance(head, count, epoch=epoch)]
    owners: list[int | None] = [None]
    number = head.number
    for index in left:
        for draft in entries[index].drafts:
            number += 1
            writes.append(event_write(_sealed(draft, number, head=head, seals=seals, build=build)))
            owners.append(None)
        writes.extend(entries[index].writes)
        owners.extend([index] * len(entries[index].writes))
    return writes, owners


def _key(write: Write) -> Key:
    return Key(str(write.item["pk"]), str(write.item["sk"])) if isinstance(write, Put) else write.key


def _sealed(draft: Draft, number: int, *, head: Head, seals: Seals, build: str) -> StoredEvent:
    stored = StoredEvent(
        tenant=head.tenant,
        session=head.session,
        generation=head.generation,
        number=number,
        type=draft.type,
        time_ms=draft.time_ms,
        contact=draft.contact,
        message=draft.message,
        build=build,
        data=b"",
    )
    data = seals.seal_json(head.tenant, draft.contact or head.session, _purpose(stored), draft.data)
    return replace(stored, data=data)


def _purpose(stored: StoredEvent) -> str:
    # Bound to its place in the log: an event copied elsewhere does not open.
    return f"event#{stored.session}#{stored.generation}#{stored.number}"


def _reread(table: Table, head: Head, epoch: int | None) -> Head:
    fresh = get_head(table, head.session)
    if fresh is None:
        raise NotFound("There is no such session.", code="session_not_found")
    if epoch is not None and fresh.epoch != epoch:
        raise Fenced("Another worker owns this session now.")
    return fresh
