"""Finding the person that a caller names by contact id, number or chat id."""

from api.belongings import own_contact
from api.current import current
from waypost import bootstrap
from waypost.domain.addresses import Address, parse_address
from waypost.errors import NotFound, ValidationError


def own_or_new_person(named: str, *, field: str = "contact") -> str:
    """The contact; made when nobody has had to do with this number yet. Raises NotFound, ValidationError."""
    if named.startswith("con_"):
        return _person(named)
    app = bootstrap.app()
    return app.contacts.resolve(current().tenant, [address_of_person(named, field=field)], now_ms=app.now_ms())


def known_person(named: str, *, field: str) -> str:
    """The contact of somebody we have had to do with. Raises NotFound `contact_not_found`, ValidationError."""
    if named.startswith("con_"):
        return _person(named)
    found = bootstrap.app().contacts.find(current().tenant, address_of_person(named, field=field))
    if found is None:
        raise NotFound(
            "Nothing is known of this person.",
            field=field,
            mend="Check the number; nobody has written to it, and no consent was recorded.",
            code="contact_not_found",
        )
    return found


def address_of_person(named: str, *, field: str) -> Address:
    """Raises ValidationError `invalid_chat_id`, or `not_a_person` for a group."""
    address = parse_address(named, field=field)
    if address.kind == "group":
        raise _no_person(field)
    return address


def _person(contact_id: str) -> str:
    contact = own_contact(contact_id)
    if bootstrap.app().contacts.kind(current().tenant, contact) == "group":
        raise _no_person("contact")
    return contact


def _no_person(field: str) -> ValidationError:
    return ValidationError(
        "A group has no consent to give.", field=field, mend="Name a person.", code="not_a_person"
    )  # fmt: skip
