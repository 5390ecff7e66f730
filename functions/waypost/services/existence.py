"""Remembering who is on WhatsApp, because asking often is what gets accounts banned (user-pains.md, "Bans")."""

from dataclasses import dataclass

from waypost.domain.addresses import Address
from waypost.entities.existence import get_existence, put_existence
from waypost.ports import Table
from waypost.services.contacts import Contacts
from waypost.services.sealing import Seals

KNOWN_SECONDS = 24 * 3600
UNKNOWN_SECONDS = 3600  # somebody may join

_PURPOSE = "existence"


@dataclass(frozen=True, slots=True)
class Existence:
    """`contact` is our id of who it is; None when nobody is there."""

    exists: bool
    contact: str | None


class Existences:
    """The answers of one process's tenants. A tenant's number is in them as a MAC only."""

    def __init__(self, table: Table, seals: Seals, contacts: Contacts) -> None:
        self._table = table
        self._seals = seals
        self._contacts = contacts

    def recall(self, tenant: str, address: Address, now_ms: int) -> Existence | None:
        """What was answered; None when nobody asked, or too long ago."""
        sealed = get_existence(self._table, self._contacts.mac(tenant, address), now_ms)
        if sealed is None:
            return None
        return Existence(**self._seals.open_json(tenant, tenant, _PURPOSE, sealed))

    def remember(self, tenant: str, address: Address, found: list[Address] | None, now_ms: int) -> Existence:
        """Note an answer: the addresses that WhatsApp gave, or None for nobody. Who exists becomes a contact."""
        contact = None
        if found is not None:
            contact = self._contacts.resolve(tenant, _distinct([*found, address]), now_ms=now_ms)
        existence = Existence(found is not None, contact)
        sealed = self._seals.seal_json(
            tenant, tenant, _PURPOSE, {"exists": existence.exists, "contact": existence.contact}
        )
        seconds = KNOWN_SECONDS if existence.exists else UNKNOWN_SECONDS
        put_existence(self._table, self._contacts.mac(tenant, address), sealed, now_ms + seconds * 1000)
        return existence


def _distinct(addresses: list[Address]) -> list[Address]:
    """One of each kind, the first: WhatsApp's own form of a number wins over the one that was asked for."""
    by_kind: dict[str, Address] = {}
    for address in addresses:
        by_kind.setdefault(address.kind, address)
    return list(by_kind.values())
