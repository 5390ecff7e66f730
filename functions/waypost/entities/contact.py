"""A contact (a person or a group) under our own opaque id, and the aliases that lead to it (decision 11).

pk CON#{contact}   sk -   the contact; its numbers and names are sealed under its own key
pk ALIAS#{mac}     sk -   MAC of (tenant, canonical chat id) → contact; one for the number, one for the LID
"""

from dataclasses import dataclass
from typing import Literal

from waypost.entities.record import blob, number, text
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Put, Table, When

_ABSENT = When.all(Clause("is new", "pk", "absent"))


@dataclass(frozen=True, slots=True)
class Contact:
    """`sealed` is a JSON object with `pn`, `lid` (chat ids or null) and `name`, sealed under the contact's key."""

    id: str
    tenant: str
    kind: Literal["person", "group"]
    sealed: bytes
    created_ms: int


def contact_key(contact: str) -> Key:
    return Key(f"CON#{contact}", "-")


def alias_key(mac: bytes) -> Key:
    return Key(f"ALIAS#{mac.hex()}", "-")


def get_alias(table: Table, mac: bytes) -> str | None:
    item = table.get(alias_key(mac))
    return None if item is None else text(item, "contact")


def get_contact(table: Table, contact: str) -> Contact | None:
    item = table.get(contact_key(contact))
    return None if item is None else _from_item(item)


def create_contact(table: Table, contact: Contact, macs: list[bytes]) -> bool:
    """Store a contact with its aliases; False when an alias belongs to another contact already."""
    try:
        table.transact([Put(_to_item(contact), _ABSENT), *(Put(_alias(mac, contact.id), _ABSENT) for mac in macs)])
    except ConditionFailed:
        return False
    return True


def learn_alias(table: Table, contact: Contact, mac: bytes) -> bool:
    """Add an alias and write the contact with what is now known; False when the alias is somebody else's."""
    try:
        table.transact([Put(_to_item(contact)), Put(_alias(mac, contact.id), _ABSENT)])
    except ConditionFailed:
        return False
    return True


def save_contact(table: Table, contact: Contact) -> None:
    table.put(_to_item(contact))


def _alias(mac: bytes, contact: str) -> Item:
    key = alias_key(mac)
    return {"pk": key.pk, "sk": key.sk, "contact": contact}


def _to_item(contact: Contact) -> Item:
    key = contact_key(contact.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": contact.id,
        "tenant": contact.tenant,
        "kind": contact.kind,
        "sealed": contact.sealed,
        "created_ms": contact.created_ms,
    }


def _from_item(item: Item) -> Contact:
    return Contact(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        kind="group" if text(item, "kind") == "group" else "person",
        sealed=blob(item, "sealed"),
        created_ms=number(item, "created_ms"),
    )
