"""A WebSocket connection and its subscriptions: a cursor for each session that it follows (decision 8).

pk CONN#{connection}        sk -              whose connection it is
pk CONN#{connection}        sk SUB#{session}  which sessions it follows
pk SES#{session}#SUBS       sk {connection}   the cursor; only the session's FIFO group moves it
"""

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.entities.record import number, text, text_or_none
from waypost.errors import ConditionFailed
from waypost.ports import Check, Clause, Delete, Item, Key, Put, Table, Update, When

_EXISTS = When.all(Clause("still connected", "pk", "exists"))


@dataclass(frozen=True, slots=True)
class Subscription:
    """The newest event that this connection was given is (`generation`, `number`).

    `id` is new with every subscribe, so that a cursor is never moved by whoever still serves an earlier one of the
    same connection. `confirmed` once the client was told that it begins. `key` is the API key that opened the
    connection, which ends with it.
    """

    id: str
    connection: str
    session: str
    tenant: str
    generation: int
    number: int
    confirmed: bool = False
    key: str | None = None


def put_connection(table: Table, connection: str, tenant: str, *, ttl: int) -> None:
    table.put({"pk": f"CONN#{connection}", "sk": "-", "tenant": tenant, "ttl": ttl})


def get_connection_tenant(table: Table, connection: str) -> str | None:
    item = table.get(Key(f"CONN#{connection}", "-"))
    return None if item is None else text(item, "tenant")


def put_subscription(table: Table, subscription: Subscription, *, ttl: int) -> None:
    """Begin it, in place of an earlier one to the same session. Raises ConditionFailed when the connection is gone."""
    table.transact(
        [
            Check(Key(f"CONN#{subscription.connection}", "-"), _EXISTS),
            Put({"pk": f"CONN#{subscription.connection}", "sk": f"SUB#{subscription.session}", "ttl": ttl}),
            Put({**_to_item(subscription), "ttl": ttl}),
        ]
    )


def count_subscriptions(table: Table, connection: str, *, but: str, at_most: int) -> int:
    """How many sessions a connection follows, without one of them, counted up to a limit."""
    page = table.query(f"CONN#{connection}", begins_with="SUB#", limit=at_most + 1)
    return min(at_most, sum(item["sk"] != f"SUB#{but}" for item in page.items))


def list_subscriptions(table: Table, session: str) -> list[Subscription]:
    return [_from_item(item) for item in _all(table, f"SES#{session}#SUBS")]


def move_cursor(table: Table, subscription: Subscription, generation: int, number_: int) -> bool:
    """Note what the client was given; it has been told of its subscription then. False when that ended meanwhile."""
    try:
        table.update(
            Update(
                _cursor_key(subscription.session, subscription.connection),
                set={"generation": generation, "number": number_, "confirmed": True},
                when=When.all(Clause("still the same subscription", "id", "eq", subscription.id)),
            )
        )
    except ConditionFailed:
        return False
    return True


def end_subscription(table: Table, connection: str, session: str) -> None:
    """Fine when there is none."""
    table.transact([Delete(_cursor_key(session, connection)), Delete(Key(f"CONN#{connection}", f"SUB#{session}"))])


def end_connection(table: Table, connection: str) -> None:
    """Forget a connection and all its subscriptions; fine when it is gone already."""
    # First, so that nothing can be subscribed while the rest goes.
    table.delete(Key(f"CONN#{connection}", "-"))
    for item in list(_all(table, f"CONN#{connection}")):
        end_subscription(table, connection, text(item, "sk").removeprefix("SUB#"))


def _all(table: Table, pk: str) -> Iterator[Item]:
    cursor: str | None = None
    while True:
        page = table.query(pk, limit=1000, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _cursor_key(session: str, connection: str) -> Key:
    return Key(f"SES#{session}#SUBS", connection)


def _to_item(subscription: Subscription) -> Item:
    key = _cursor_key(subscription.session, subscription.connection)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": subscription.id,
        "session": subscription.session,
        "tenant": subscription.tenant,
        "generation": subscription.generation,
        "number": subscription.number,
        "confirmed": subscription.confirmed,
        "key": subscription.key,
    }


def _from_item(item: Item) -> Subscription:
    return Subscription(
        id=text(item, "id"),
        connection=text(item, "sk"),
        session=text(item, "session"),
        tenant=text(item, "tenant"),
        generation=number(item, "generation"),
        number=number(item, "number"),
        confirmed=item["confirmed"] is True,
        key=text_or_none(item, "key"),
    )
