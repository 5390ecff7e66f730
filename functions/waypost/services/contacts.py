"""Finding the contact that an address means, and telling what is known of a contact (decision 11)."""

import os
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from waypost.domain.addresses import Address, parse_address
from waypost.domain.ids import make_id
from waypost.entities.contact import (
    Contact,
    create_contact,
    get_alias,
    get_contact,
    learn_alias,
    save_contact,
)
from waypost.ports import Keys, Table
from waypost.services.sealing import Seals

_PURPOSE = "contact"
_CACHE_SIZE = 4096
_KNOWN_SECONDS = 5  # other processes learn names and addresses too

type Known = dict[str, Any]  # {"pn": chat id or None, "lid": chat id or None, "name": str or None, "saved"?: str}


class Contacts:
    """The contacts of one process's tenants. Remembers which address means which contact; that never changes."""

    def __init__(self, table: Table, keys: Keys, seals: Seals) -> None:
        self._table = table
        self._keys = keys
        self._seals = seals
        self._by_mac: OrderedDict[bytes, str] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], tuple[float, Known]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, tenant: str, address: Address) -> str | None:
        """The contact's id, or None when nobody has had to do with this address yet."""
        return self._lookup(self.mac(tenant, address))

    def resolve(self, tenant: str, addresses: list[Address], *, name: str | None = None, now_ms: int) -> str:
        """The contact that these addresses (a number, a LID, or both of one person) mean; made when it is new.

        What is learnt on the way, the other address or a name, is kept.
        """
        macs = [self.mac(tenant, address) for address in addresses]
        for mac in macs:
            found = self._lookup(mac)
            if found is not None:
                self._learn(tenant, found, addresses, macs, name)
                return found
        contact = self._create(tenant, addresses, macs, name, now_ms)
        if contact is not None:
            return contact
        return self.resolve(tenant, addresses, name=name, now_ms=now_ms)  # somebody else made it meanwhile

    def known(self, tenant: str, contact: str) -> Known:
        """What is known of a contact: `{"pn": …, "lid": …, "name": …}`, each may be None."""
        with self._lock:
            cached = self._known.get((tenant, contact))
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        stored = get_contact(self._table, contact)
        if stored is None or stored.tenant != tenant:
            return {"pn": None, "lid": None, "name": None}
        known: Known = self._seals.open_json(tenant, contact, _PURPOSE, stored.sealed)
        self._remember(tenant, contact, known)
        return known

    def addresses(self, tenant: str, contact: str) -> list[str]:
        """The chat ids under which the contact may be found in the page, number first (P2)."""
        known = self.known(tenant, contact)
        return [chat_id for chat_id in (known["pn"], known["lid"]) if chat_id]

    def of_person(self, tenant: str, contact: str) -> list[str]:
        """The contact, and the other one that its person has when number and LID were met apart."""
        known = self.known(tenant, contact)
        addresses = [parse_address(chat_id) for chat_id in (known["pn"], known["lid"]) if chat_id]
        return list(dict.fromkeys([contact, *filter(None, (self.find(tenant, address) for address in addresses))]))

    def view(self, tenant: str, contact: str) -> dict[str, Any]:
        """How a contact looks on the wire: its canonical chat id, our id, and both of WhatsApp's."""
        known = self.known(tenant, contact)
        return {
            "id": known["pn"] or known["lid"],
            "contact_id": contact,
            "pn": known["pn"],
            "lid": known["lid"],
            "name": known.get("saved") or known["name"],
        }

    def kind(self, tenant: str, contact: str) -> str | None:
        """`person` or `group`; None when there is no such contact of the tenant."""
        stored = get_contact(self._table, contact)
        return None if stored is None or stored.tenant != tenant else stored.kind

    def save_name(self, tenant: str, contact: str, name: str) -> None:
        """The name under which the account has saved somebody; it wins over what they call themselves."""
        stored = get_contact(self._table, contact)
        if stored is None:
            return
        known = {**self._seals.open_json(tenant, contact, _PURPOSE, stored.sealed), "saved": name}
        save_contact(self._table, replace(stored, sealed=self._seals.seal_json(tenant, contact, _PURPOSE, known)))
        self._remember(tenant, contact, known)

    def mac(self, tenant: str, address: Address) -> bytes:
        """What stands for an address in keys (P6)."""
        return self._keys.mac("alias", f"{tenant}\x00{address.chat_id}".encode())

    def _create(
        self, tenant: str, addresses: list[Address], macs: list[bytes], name: str | None, now_ms: int
    ) -> str | None:
        contact = make_id("con", os.urandom(16))
        known = _merge({"pn": None, "lid": None, "name": None}, addresses, name)
        stored = Contact(
            id=contact,
            tenant=tenant,
            kind="group" if addresses[0].kind == "group" else "person",
            sealed=self._seals.seal_json(tenant, contact, _PURPOSE, known),
            created_ms=now_ms,
        )
        if not create_contact(self._table, stored, macs):
            return None
        self._remember(tenant, contact, known)
        for mac in macs:
            self._remember_mac(mac, contact)
        return contact

    def _learn(self, tenant: str, contact: str, addresses: list[Address], macs: list[bytes], name: str | None) -> None:
        known = self.known(tenant, contact)
        better = _merge(known, addresses, name)
        if better == known:
            return
        stored = get_contact(self._table, contact)
        if stored is None:
            return
        better = _merge(self._seals.open_json(tenant, contact, _PURPOSE, stored.sealed), addresses, name)
        stored = replace(stored, sealed=self._seals.seal_json(tenant, contact, _PURPOSE, better))
        fresh = [mac for mac in macs if self._lookup(mac) is None]
        if fresh:
            learn_alias(self._table, stored, fresh[0])
        else:
            save_contact(self._table, stored)
        self._remember(tenant, contact, better)

    def _lookup(self, mac: bytes) -> str | None:
        with self._lock:
            if mac in self._by_mac:
                return self._by_mac[mac]
        contact = get_alias(self._table, mac)
        if contact is not None:
            self._remember_mac(mac, contact)
        return contact

    def _remember(self, tenant: str, contact: str, known: Known) -> None:
        with self._lock:
            self._known[tenant, contact] = (time.monotonic() + _KNOWN_SECONDS, known)
            self._known.move_to_end((tenant, contact))
            while len(self._known) > _CACHE_SIZE:
                self._known.popitem(last=False)

    def _remember_mac(self, mac: bytes, contact: str) -> None:
        with self._lock:
            self._by_mac[mac] = contact
            while len(self._by_mac) > _CACHE_SIZE:
                self._by_mac.popitem(last=False)


def _merge(known: Known, addresses: list[Address], name: str | None) -> Known:
    better = dict(known)
    for address in addresses:
        better["lid" if address.kind == "lid" else "pn"] = address.chat_id
    if name:
        better["name"] = name
    return better
