"""Whom an account has saved: through Waypost, or in the address book that its page shows. Bulk goes to them only
(R-LIM-8)."""

from collections.abc import Iterable
from dataclasses import dataclass

from waypost.domain.addresses import Address, parse_address
from waypost.entities.saved_contact import delete_saved, is_saved, list_saved, put_saved
from waypost.errors import BusinessRuleError
from waypost.ports import Table
from waypost.services.contacts import Contacts


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Of one session's account."""

    session: str
    tenant: str
    table: Table
    contacts: Contacts

    def is_saved_contact(self, address: Address) -> bool:
        """Under this address, or under the person's other one."""
        if self._has(address):
            return True
        contact = self.contacts.find(self.tenant, address)
        others = [] if contact is None else self.contacts.addresses(self.tenant, contact)
        return any(self._has(parse_address(other)) for other in others if other != address.chat_id)

    def check_saved(self, address: Address) -> None:
        """Raises BusinessRuleError `not_a_saved_contact`."""
        if not self.is_saved_contact(address):
            raise BusinessRuleError(
                "Bulk messages go to saved contacts only, and this account has not saved this person.",
                field="to",
                mend="Save them (PUT /v1/sessions/{id}/contacts, or on the phone), or set `bulk_to_saved_only` to false"
                " by PUT /v1/settings/consent.",
                code="not_a_saved_contact",
            )

    def note(self, addresses: Iterable[Address]) -> None:
        """Somebody was saved."""
        for address in addresses:
            put_saved(self.table, self.session, self.contacts.mac(self.tenant, address))

    def replace(self, addresses: Iterable[Address]) -> int:
        """These are saved, and nobody else; returns how many entries changed."""
        now = {self.contacts.mac(self.tenant, address) for address in addresses}
        before = set(list_saved(self.table, self.session))
        for mac in now - before:
            put_saved(self.table, self.session, mac)
        for mac in before - now:
            delete_saved(self.table, self.session, mac)
        return len(now ^ before)

    def _has(self, address: Address) -> bool:
        return is_saved(self.table, self.session, self.contacts.mac(self.tenant, address))
