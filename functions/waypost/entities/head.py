"""The head of a session's log with its lease, one item, so that an append can be conditional on both (decision 7).

pk SES#{session}   sk HEAD   in index by_owner as `running` while the tenant wants the session to run, or as `asleep`
                             with the time at which it is to be looked at
"""

from contextlib import suppress

from waypost.domain.lease import TERMS, Head
from waypost.entities.record import number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Check, Clause, Item, Key, Put, Table, Update, When

_ASLEEP = "asleep"


def head_key(session: str) -> Key:
    return Key(f"SES#{session}", "HEAD")


def new_head(session: str, tenant: str) -> Put:
    return Put(
        {
            "pk": head_key(session).pk,
            "sk": "HEAD",
            "session": session,
            "tenant": tenant,
            "epoch": 0,
            "owner": None,
            "lease_until_ms": 0,
            "generation": 1,
            "number": 0,
        },
        When.all(Clause("is new", "pk", "absent")),
    )


def get_head(table: Table, session: str) -> Head | None:
    item = table.get(head_key(session))
    return None if item is None else _from_item(item)


def mark_running(table: Table, session: str, *, running: bool) -> None:
    """Put the session among those that the sweeper looks after, or take it out."""
    if running:
        table.update(Update(head_key(session), set={"owner_pk": "running", "owner_sk": session}))
    else:
        table.update(Update(head_key(session), remove=("owner_pk", "owner_sk")))


def list_running(table: Table) -> list[Head]:
    heads: list[Head] = []
    cursor: str | None = None
    while True:
        page = table.query("running", index="by_owner", limit=1000, cursor=cursor)
        heads.extend(_from_item(item) for item in page.items)
        cursor = page.cursor
        if cursor is None:
            return heads


def mark_asleep(table: Table, session: str, look_ms: int, *, only_sooner: bool = False) -> None:
    """Put the session among those that sleep until then; with `only_sooner` only if it sleeps, and until later."""
    place = {"owner_pk": _ASLEEP, "owner_sk": f"{look_ms:013d}#{session}"}
    if not only_sooner:
        table.update(Update(head_key(session), set=place))
        return
    asleep = Clause("it sleeps", "owner_pk", "eq", _ASLEEP)
    later = Clause("until later", "owner_sk", "gt", place["owner_sk"])
    with suppress(ConditionFailed):
        table.update(Update(head_key(session), set=place, when=When.all(asleep, later)))


def list_asleep(table: Table, *, until_ms: int) -> list[str]:
    """The sessions that sleep and whose time has come."""
    page = table.query(_ASLEEP, index="by_owner", between=("0", f"{until_ms:013d}#~"), limit=1000)
    return [text(item, "session") for item in page.items]


def claim(
    table: Table, session: str, worker: str, now_ms: int, until_ms: int, *, margin_ms: int = TERMS.margin_ms
) -> Head:
    """Become the owner under a new epoch. Raises ConditionFailed while somebody else's lease holds.

    A lease of the same `worker` may be taken over: whoever bears its name has proved that its last life is over.
    """
    item = table.update(
        Update(
            head_key(session),
            set={"owner": worker, "lease_until_ms": until_ms},
            add={"epoch": 1},
            when=When.all(Clause("exists", "pk", "exists"), Clause("nobody owns it", "owner", "eq", None))
            .or_all(
                Clause("exists", "pk", "exists"),
                Clause("its lease ran out", "lease_until_ms", "lt", now_ms - margin_ms),
            )
            .or_all(Clause("it was ours", "owner", "eq", worker)),
        )
    )
    return _from_item(item)


def renew(table: Table, session: str, epoch: int, until_ms: int) -> None:
    """Raises ConditionFailed when another epoch has begun."""
    table.update(Update(head_key(session), set={"lease_until_ms": until_ms}, when=_is_epoch(epoch)))


def release(table: Table, session: str, epoch: int) -> None:
    """Give the session up, so that the next owner need not wait for the lease to run out."""
    table.update(Update(head_key(session), set={"owner": None, "lease_until_ms": 0}, when=_is_epoch(epoch)))


def advance(head: Head, count: int, *, epoch: int | None) -> Update:
    """The write that numbers `count` new events. The owner gives its epoch; others (API, erasure) give None."""
    clauses: tuple[Clause, ...] = (
        Clause("nobody appended since", "number", "eq", head.number),
        Clause("same generation", "generation", "eq", head.generation),
    )
    if epoch is not None:
        clauses = (*clauses, Clause("still the owner", "epoch", "eq", epoch))
    return Update(head_key(head.session), set={"number": head.number + count}, when=When.all(*clauses))


def still_owner(session: str, epoch: int) -> Check:
    """For a transaction of the owner that appends nothing: it fails when another epoch has begun."""
    return Check(head_key(session), _is_epoch(epoch))


def _is_epoch(epoch: int) -> When:
    return When.all(Clause("still the owner", "epoch", "eq", epoch))


def _from_item(item: Item) -> Head:
    return Head(
        session=text(item, "session"),
        tenant=text(item, "tenant"),
        epoch=number(item, "epoch"),
        owner=text_or_none(item, "owner"),
        lease_until_ms=number(item, "lease_until_ms"),
        generation=number(item, "generation"),
        number=number(item, "number"),
    )
