"""Which contact a caller means by a chat id, a number or a `contact_id`."""

from api.belongings import own_contact
from api.current import current
from waypost import bootstrap
from waypost.domain.addresses import parse_address


def contact_of(chat: str, *, field: str = "chat") -> str | None:
    """None when nobody has had to do with this address yet. Raises NotFound, ValidationError."""
    if chat.startswith("con_"):
        return own_contact(chat)
    return bootstrap.app().contacts.find(current().tenant, parse_address(chat, field=field))
