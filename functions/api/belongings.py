"""Finding what the caller owns. What is somebody else's is answered exactly as what does not exist."""

from api.current import current
from api.media_files import find_file
from waypost import bootstrap
from waypost.domain.ids import is_id
from waypost.domain.message import Message
from waypost.entities.bulk import Run
from waypost.entities.contact import get_contact
from waypost.entities.media import Media
from waypost.entities.pool import Pool
from waypost.entities.received import Received
from waypost.entities.session import Session
from waypost.entities.webhook import Endpoint, get_endpoint
from waypost.errors import NotFound
from waypost.services.bulk_runs import find_run
from waypost.services.pools import find_pool
from waypost.services.sending import find_message
from waypost.services.sessions import find_session

_NO_ID = "-"  # a stranger's text never becomes part of a key


def own_session(session_id: str) -> Session:
    """Raises NotFound `session_not_found`."""
    known = session_id if is_id("ses", session_id) else _NO_ID
    return find_session(known, tenant=current().tenant, table=bootstrap.app().table)


def own_message(session: Session, message_id: str) -> Message:
    """Raises NotFound `message_not_found`."""
    known = message_id if is_id("msg", message_id) else _NO_ID
    return find_message(known, session=session, table=bootstrap.app().table)


def own_contact(contact_id: str) -> str:
    """Raises NotFound `contact_not_found`."""
    contact = get_contact(bootstrap.app().table, contact_id) if is_id("con", contact_id) else None
    if contact is None or contact.tenant != current().tenant:
        raise NotFound(
            "There is no such contact.",
            field="chat",
            mend="Give a chat id, a number, or the contact_id of a message's chat.",
            code="contact_not_found",
        )
    return contact.id


def own_group(contact_id: str) -> str:
    """The chat id of a group. Raises NotFound `contact_not_found`, also for a person."""
    contact = own_contact(contact_id)
    contacts = bootstrap.app().contacts
    if contacts.kind(current().tenant, contact) != "group":
        raise NotFound(
            "There is no such group.",
            field="contact_id",
            mend="List the groups with GET /v1/sessions/{id}/groups.",
            code="group_not_found",
        )
    return contacts.addresses(current().tenant, contact)[0]


def own_webhook(webhook_id: str) -> Endpoint:
    """Raises NotFound `webhook_not_found`."""
    found = is_id("whk", webhook_id)
    endpoint = get_endpoint(bootstrap.app().table, current().tenant, webhook_id) if found else None
    if endpoint is None:
        raise NotFound(
            "There is no such webhook.",
            field="webhook_id",
            mend="List the webhooks with GET /v1/webhooks.",
            code="webhook_not_found",
        )
    return endpoint


def own_run(bulk_id: str) -> Run:
    """Raises NotFound `bulk_not_found`."""
    known = bulk_id if is_id("blk", bulk_id) else _NO_ID
    return find_run(known, tenant=current().tenant, table=bootstrap.app().table)


def own_media(media_id: str) -> Media:
    """Raises NotFound `media_not_found`."""
    known = media_id if is_id("med", media_id) else _NO_ID
    return bootstrap.app().files.find(known, current().tenant)


def own_file(media_id: str) -> Media | Received:
    """One that came in, or one that is to be sent. Raises NotFound `media_not_found`."""
    found = find_file(media_id if is_id("med", media_id) else _NO_ID, bootstrap.app())
    if found.tenant != current().tenant:
        raise NotFound("There is no such media.", field="media", code="media_not_found")
    return found


def own_pool(pool_id: str) -> Pool:
    """Raises NotFound `pool_not_found`."""
    known = pool_id if is_id("pol", pool_id) else _NO_ID
    return find_pool(known, tenant=current().tenant, table=bootstrap.app().table)
