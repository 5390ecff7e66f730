"""A WebSocket connection and its subscriptions: a cursor for each session that it follows (decision 8).

pk CONN#{connection}        sk -              whose connection it is
pk CONN#{connection}        sk SUB#{session}  which sessions it follows
pk SES#{session}#SUBS       sk {connection}   the cursor; only the session's FIFO group moves it
"""

from dataclasses import dataclass

from waypost.entities.record import number, text
from waypost.errors import ConditionFailed
from waypost.ports import Check, Clause, Delete, Item, Key, Put, Table, Update, When

_EXISTS = When.all(Clause("still subscribed", "pk", "exists"))


@dataclass(frozen=True, slots=True)
class Subscription:
    """The newest event that this connection was given is (`generation`, `number`)."""

    connection: str
    session: str
    tenant: str
    generation: int
    number: int


def put_connection(table: Table, connection: str, tenant: str, *, ttl: int) -> None:
    table.put({"pk": f"CONN#{connection}", "sk": "-", "tenant": tenant, "ttl": ttl})


def get_connection_tenant(table: Table, connection: str) -> str | None:
    item = table.get(Key(f"CONN#{connection}", "-"))
    return None if item is None else text(item, "tenant")


def put_subscription(table: Table, subscription: Subscription, *, ttl: int) -> None:
    """Raises ConditionFailed when the connection is gone."""
    table.transact(
        [
            Check(Key(f"CONN#{subscription.connection}", "-"), _EXISTS),
            Put({"pk": f"CONN#{subscription.connection}", "sk": f"SUB#{subscription.session}", "ttl": ttl}),
            Put({**_to_item(subscription), "ttl": ttl}),
        ]
    )


def list_subscriptions(table: Table, session: str) -> list[Subscription]:
    page = table.query(f"SES#{session}#SUBS", limit=1000)
    return [_from_item(item) for item in page.items]


def move_cursor(table: Table, subscription: Subscription, generation: int, number_: int) -> bool:
    """False when the subscription ended meanwhile."""
    try:
        table.update(
            Update(
                Key(f"SES#{subscription.session}#SUBS", subscription.connection),
                set={"generation": generation, "number": number_},
                when=_EXISTS,
            )
        )
    except ConditionFailed:
        return False
    return True


def end_connection(table: Table, connection: str) -> None:
    """Forget a connection and all its subscriptions; fine when it is gone already."""
    page = table.query(f"CONN#{connection}", limit=100)
    for item in page.items:
        sk = text(item, "sk")
        if sk.startswith("SUB#"):
            table.transact(
                [
                    Delete(Key(f"SES#{sk.removeprefix('SUB#')}#SUBS", connection)),
                    Delete(Key(f"CONN#{connection}", sk)),
                ]
            )
    table.delete(Key(f"CONN#{connection}", "-"))


def _to_item(subscription: Subscription) -> Item:
    return {
        "pk": f"SES#{subscription.session}#SUBS",
        "sk": subscription.connection,
        "session": subscription.session,
        "tenant": subscription.tenant,
        "generation": subscription.generation,
        "number": subscription.number,
    }


def _from_item(item: Item) -> Subscription:
    return Subscription(
        connection=text(item, "sk"),
        session=text(item, "session"),
        tenant=text(item, "tenant"),
        generation=number(item, "generation"),
        number=number(item, "number"),
    )
