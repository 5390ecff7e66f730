"""Wrapped data keys, one a subject (a contact, a session or a tenant), in a table of their own (decision 13).

pk TEN#{tenant}   sk KEY#{subject}
"""

from waypost.entities.record import blob
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Key, Table, When


def wrapped_key_key(tenant: str, subject: str) -> Key:
    return Key(f"TEN#{tenant}", f"KEY#{subject}")


def get_wrapped_key(table: Table, tenant: str, subject: str) -> bytes | None:
    item = table.get(wrapped_key_key(tenant, subject))
    return None if item is None else blob(item, "wrapped")


def put_wrapped_key(table: Table, tenant: str, subject: str, wrapped: bytes) -> bool:
    """Store it; False when another writer was first, whose key then counts."""
    key = wrapped_key_key(tenant, subject)
    try:
        table.put(
            {"pk": key.pk, "sk": key.sk, "wrapped": wrapped},
            when=When.all(Clause("no key yet", "pk", "absent")),
        )
    except ConditionFailed:
        return False
    return True
