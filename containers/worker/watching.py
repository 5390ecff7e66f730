"""Watches over one session once a second: acknowledgements that are missing, a restriction that ends, idleness; and
keeps the evidence in the session's record, sparingly."""

import asyncio
import time
from collections.abc import Callable

from containers.worker.idling import Idling
from containers.worker.page import Page
from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from containers.worker.restriction import Restriction
from containers.worker.signals import AcksBack, AcksMissing, Observation, RestrictionOver, SleepAsked
from containers.worker.steps import Steps
from containers.worker.vitals import Vitals
from waypost.bootstrap import App
from waypost.domain.health import Evidence, says_something_new
from waypost.domain.ids import whatsapp_hex
from waypost.domain.message import is_settled, status_of_ack
from waypost.entities.message import get_message
from waypost.entities.session import Session, health_write
from waypost.errors import Fenced, WaypostError
from waypost.services.journal import Entry

_TICK_SECONDS = 1.0
_LATE_SECONDS = 5.0  # a tick this late says that the whole worker stood still
_NEWS_SECONDS = 30.0  # between writes of evidence that has changed
_SAME_SECONDS = 120.0  # … that says only that the page still answers


class Watch:
    """Of one session; `run` beside its state machine, which hears what is found by `observe`."""

    def __init__(
        self,
        app: App,
        session: Session,
        *,
        vitals: Vitals,
        steps: Steps,
        recorder: Recorder,
        restriction: Restriction,
        idling: Idling,
        page: Callable[[], Page | None],
        observe: Callable[[Observation], None],
    ) -> None:
        self._app = app
        self._session = session
        self._vitals = vitals
        self._steps = steps
        self._recorder = recorder
        self._restriction = restriction
        self._idling = idling
        self._page = page
        self._observe = observe
        self._written: tuple[float, Evidence] = (float("-inf"), Evidence())
        self._look_up = False

    def look_up_outstanding(self) -> None:
        """Soon: the page was loaded anew, and may know what became of the messages that are not acknowledged."""
        self._look_up = True

    async def run(self) -> None:
        """Until cancelled. Raises Fenced, or an engine's error."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            late, last = time.monotonic() - last > _TICK_SECONDS + _LATE_SECONDS, time.monotonic()
            if late:
                self._vitals.acks.restart()
            await self._tick()

    async def _tick(self) -> None:
        acks = self._vitals.acks
        if self._look_up:
            self._look_up = False
            acks.restart()
            await self._ask_page()
        if acks.begin_to_doubt():
            self._observe(AcksMissing())
        elif acks.end_doubt():
            self._observe(AcksBack())
        for message_id in acks.unresolved(self._app.settings.upkeep.uncertain_seconds):
            await self._resolve(message_id)
        if self._restriction.is_over(self._app.now_ms()):
            self._observe(RestrictionOver())
        if await self._idling.is_idle():
            self._observe(SleepAsked())
        await self._write()

    async def _resolve(self, message_id: str) -> None:
        """Nobody can tell whether it left (P2): it is never sent again, and its chat goes on. Should WhatsApp
        acknowledge it after all, it becomes sent."""
        now_ms = self._app.now_ms()
        await self._steps.advance(message_id, "uncertain", time_ms=now_ms, reason="not_acknowledged")
        self._vitals.acks.dropped(message_id)

    async def _ask_page(self) -> None:
        page = self._page()
        if page is None:
            return
        try:
            for message_id in self._vitals.acks.outstanding:
                await self._ask_about(page, message_id)
        except Fenced:
            raise
        except WaypostError:
            return  # the page went away again: the next one is asked

    async def _ask_about(self, page: Page, message_id: str) -> None:
        """What the page knows to be acknowledged is settled; what it does not know will be handed over again."""
        app, acks = self._app, self._vitals.acks
        message = await patiently(get_message, app.table, message_id)
        if message is None or is_settled(message.status):
            acks.settled(message_id)
            return
        chats = await patiently(app.contacts.addresses, message.tenant, message.contact)
        found = await page.find_message(whatsapp_hex(message_id), chats)
        status = None if found is None else status_of_ack(found.ack)
        if found is None or status == "failed":
            acks.dropped(message_id)
        elif status is not None:
            await self._steps.advance(message_id, status, time_ms=app.now_ms())
            acks.heard()

    async def _write(self) -> None:
        evidence, now = self._vitals.evidence(), time.monotonic()
        when, before = self._written
        wait = _NEWS_SECONDS if says_something_new(evidence, before) else _SAME_SECONDS
        if now - when < wait:
            return
        self._written = (now, evidence)
        write = health_write(self._session.id, evidence.as_item(), self._vitals.active_ms)
        await self._recorder.record(Entry((), (write,)))
