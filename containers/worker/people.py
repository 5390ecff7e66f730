"""From the page's names of people, chats and messages to ours."""

from containers.worker.naming import Person, Target
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.entities.message import find_by_reference, get_message, in_reference, out_reference
from waypost.entities.session import Session
from waypost.errors import ValidationError


class People:
    """Those whom one session's page tells of. Blocking: to be called in a thread."""

    def __init__(self, app: App, session: Session) -> None:
        self._app = app
        self._session = session

    def contact(self, chat: str, person: Person | None, name: str | None = None) -> str | None:
        """The contact behind a chat; None for what is no chat of ours (status updates, channels)."""
        known = [form for form in (person.pn, person.lid) if form] if person else [chat]
        try:
            addresses = [parse_address(form) for form in known or [chat]]
        except ValidationError:
            return None
        return self._app.contacts.resolve(self._session.tenant, addresses, name=name, now_ms=self._app.now_ms())

    def of(self, person: Person | None) -> str | None:
        """The contact that a person is; None when nobody is named."""
        if person is None or not (person.lid or person.pn):
            return None
        return self.contact(person.lid or person.pn or "", person)

    def filed_ms(self, message_id: str) -> int:
        """When we first had a message of ours or theirs."""
        message = get_message(self._app.table, message_id)
        return self._app.now_ms() if message is None else min(message.times.values(), default=message.created_ms)

    def message(self, target: Target) -> str | None:
        """Our id of the message that the page names; None when we do not have it."""
        key = target.key
        if key.from_me:
            return find_by_reference(self._app.table, self._session.id, out_reference(key.id))
        # Inbound ids are chosen by the sender, so they count only together with the contact who sent them.
        author = self.of(target.author) or self.contact(key.chat, target.chat)
        if author is None:
            return None
        return find_by_reference(self._app.table, self._session.id, in_reference(author, key.id))
