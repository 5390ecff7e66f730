"""Whether a chat can be reached at all: asked once before the first message to somebody who never answered.

Sending to numbers that are not on WhatsApp is what gets accounts restricted (user-pains.md, "463").
"""

import os

from containers.worker.allowance import Allowance
from containers.worker.gate import Held
from containers.worker.page import Page
from containers.worker.page_calls import query_exists
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.addresses import Address, parse_address
from waypost.domain.message import Message
from waypost.entities.message import list_messages
from waypost.entities.send_log import done_write
from waypost.errors import WhatsAppError
from waypost.services.existence import Existence

_ARRIVED = frozenset({"sent", "delivered", "read", "played", "received"})
_LOOK_BACK = 20  # messages of the chat; beyond them one question too many is asked, and its answer is kept


class Reach:
    """Of one session. Remembers the chats in which something has arrived."""

    def __init__(self, app: App, session_id: str, allowance: Allowance) -> None:
        self._app = app
        self._session = session_id
        self._allowance = allowance
        self._reached: set[str] = set()

    async def check(self, page: Page, message: Message, chat_id: str) -> None:
        """Raises WhatsAppError `not_on_whatsapp`, Held while no more may be asked, or what the page raises when it
        cannot tell."""
        if message.contact in self._reached:
            return
        address = parse_address(chat_id)
        if address.kind == "user" and not await patiently(self._has_arrived, message):
            existence = await look_up(self._app, page, message.tenant, self._session, address, self._allowance)
            if not existence.exists:
                raise WhatsAppError("The number is not on WhatsApp.", code="not_on_whatsapp")
        self._reached.add(message.contact)

    def _has_arrived(self, message: Message) -> bool:
        found, _ = list_messages(
            self._app.table, message.session, message.contact, limit=_LOOK_BACK, cursor=None, newest_first=True
        )
        return any(one.status in _ARRIVED for one in found)


async def look_up(
    app: App, page: Page, tenant: str, session_id: str, address: Address, allowance: Allowance
) -> Existence:
    """Whether an address is on WhatsApp: as it was answered not long ago, else as the page says. Raises Held when the
    budget of questions is used up."""
    known = await patiently(app.existences.recall, tenant, address, app.now_ms())
    if known is not None:
        return known
    hold = allowance.may_ask()
    if hold is not None:
        raise Held(hold)
    asked_ms = allowance.ask()
    question = os.urandom(8).hex()
    await patiently(app.table.put, done_write(session_id, "ASKED", question, asked_ms).item)
    found = await query_exists(page, address.chat_id)
    forms = [parse_address(form) for form in (found.person.pn, found.person.lid) if form]
    return await patiently(app.existences.remember, tenant, address, forms if found.exists else None, app.now_ms())
