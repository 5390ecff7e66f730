"""Keeps up with the address book of a session's account: at its start, and then four times an hour."""

import asyncio
from collections.abc import Awaitable, Callable

from containers.worker.naming import Person
from containers.worker.page import Page
from containers.worker.page_calls import saved_contacts
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.addresses import Address, parse_address
from waypost.entities.session import Session
from waypost.errors import Fenced, ValidationError, WaypostError
from waypost.observability import logger
from waypost.services.address_book import AddressBook

log = logger("worker")

_PAUSE_SECONDS = 15 * 60


class AddressBookWatch:
    """Of one session. `ready_page` waits until the session works, and gives its page."""

    def __init__(
        self,
        app: App,
        session: Session,
        *,
        ready_page: Callable[[], Awaitable[Page]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session.id
        self._book = AddressBook(session.id, session.tenant, app.table, app.contacts)
        self._ready_page = ready_page
        self._sleep = sleep

    async def run(self) -> None:
        """Until cancelled. A page that does not answer is asked again the next time."""
        while True:
            page = await self._ready_page()
            try:
                await self.look(page)
            except Fenced:
                raise
            except WaypostError as error:
                log.warning("no address book", extra={"session": self._session, "code": error.code})
            await self._sleep(_PAUSE_SECONDS)

    async def look(self, page: Page) -> int:
        """Note who is saved now; returns how many entries changed."""
        people = await saved_contacts(page)
        addresses = [address for person in people for address in _addresses(person)]
        return await patiently(self._book.replace, addresses)


def _addresses(person: Person) -> list[Address]:
    found = []
    for form in (person.pn, person.lid):
        try:
            found += [] if form is None else [parse_address(form)]
        except ValidationError:
            continue  # a number that cannot exist, such as WhatsApp's own account
    return found
