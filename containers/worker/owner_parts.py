"""What lives as long as a session's owner does: built here and nowhere else, each part beside those it speaks with."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from typing import Any, get_args

from playwright.async_api import Playwright

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.address_book import AddressBookWatch
from containers.worker.allowance import Allowance
from containers.worker.amendments import Amendments
from containers.worker.announcer import Announcer
from containers.worker.answers import Answers
from containers.worker.backfill import Backfill
from containers.worker.browsing import Browsing
from containers.worker.canary_watch import CanaryWatch
from containers.worker.capability_watch import CapabilityWatch
from containers.worker.clock import SteadyClock
from containers.worker.downloads import Downloads
from containers.worker.filing import Filing
from containers.worker.gate import Gate
from containers.worker.idling import Idling
from containers.worker.intake import Intake
from containers.worker.lane import Lane
from containers.worker.number_watch import NumberWatch
from containers.worker.orders import Orders
from containers.worker.owner_wishes import Wishes
from containers.worker.page import Page
from containers.worker.people import People
from containers.worker.readiness import Readiness
from containers.worker.recorder import Recorder
from containers.worker.relinking import LinkWatch
from containers.worker.restriction import Restriction
from containers.worker.sender import Sender
from containers.worker.signals import Observation
from containers.worker.starts import Starts
from containers.worker.steps import Steps
from containers.worker.tenure import Tenure
from containers.worker.vault.vault import Vault
from containers.worker.vitals import Vitals
from containers.worker.watching import Watch
from waypost.bootstrap import App
from waypost.domain.message import Lane as LaneName
from waypost.entities.session import Session


class Parts:
    """Of one epoch of one session. `seen` is what the state machine has not judged yet."""

    def __init__(self, app: App, playwright: Playwright, tenure: Tenure, session: Session, starts: Starts) -> None:
        epoch = tenure.head.epoch
        self.session = session
        self.now_ms = app.now_ms
        self.upkeep = app.settings.upkeep
        self.tenure = tenure
        self.seen: asyncio.Queue[Observation] = asyncio.Queue()
        # What is written.
        self.recorder = Recorder(app, tenure.head)
        self.announcer = Announcer(app, session, self.recorder)
        acks = Acknowledgements(time.monotonic, app.settings.upkeep.ack_seconds)
        self.vitals = Vitals(acks, now_ms=app.now_ms, clock=time.monotonic, active_ms=session.active_ms)
        self.number_watch = NumberWatch(app, session, self.recorder)
        self.capability_watch = CapabilityWatch(app, session, self.recorder)
        steps = Steps(app, self.recorder, acks, watchers=(self.number_watch.stepped, self.capability_watch.stepped))
        people = People(app, session)
        amendments = Amendments(app, people, self.recorder)
        self.gate = Gate(Allowance(app, session.id, clock=SteadyClock()))
        self.downloads = Downloads(app, session, self.recorder, ready_page=self.ready_page)
        intake = Intake(
            app, session, recorder=self.recorder, steps=steps, people=people, amendments=amendments,
            answers=Answers(app, session.id, self.gate), stopped=self.number_watch.opted_out,
            file_came=self.downloads.came,
        )  # fmt: skip
        # The browser, and what listens to it.
        backfill = Backfill(session.id, self.upkeep, intake=intake, people=people)
        self.filing = Filing(app, session, intake=intake, backfill=backfill, announcer=self.announcer, page=self.page)
        self.vault = Vault(app, session, epoch, fence=tenure.fence, linked_ms=lambda: self.announcer.linked_ms)
        self.browsing = Browsing(
            app, playwright, session, observe=self.seen.put_nowait, file=self.filing.file, vault=self.vault,
            answered=self.vitals.answered,
            fence=tenure.fence, starts=starts,
        )  # fmt: skip
        self.readiness = Readiness(self.page)
        # What watches over it.
        self.restriction = Restriction(session.restricted_until_ms, app.settings.upkeep)
        self.idling = Idling(app, session.id, self.vitals, self.readiness)
        self.watch = Watch(
            app, session, vitals=self.vitals, steps=steps, recorder=self.recorder, restriction=self.restriction,
            idling=self.idling, page=self.page, observe=self.seen.put_nowait,
        )  # fmt: skip
        # What works on it.
        self.sender = Sender(app, session.id, epoch, steps=steps, gate=self.gate, ready_page=self.readiness.page)
        self.wishes = Wishes(app, session.id, self.announcer, self.seen, self.vitals)
        self.orders = Orders(
            app, session, epoch, amendments=amendments, announcer=self.announcer,
            allowance=self.gate.allowance, signal=self.wishes.obey,
            ready_page=self.readiness.page, any_page=self.page,
        )  # fmt: skip
        self.link_watch = LinkWatch(
            app, session, announcer=self.announcer, recorder=self.recorder, tell=self.seen.put_nowait
        )
        self.canary_watch = CanaryWatch(
            app, session.id, build=lambda: self.recorder.build, observe=self.seen.put_nowait
        )
        self.address_book = AddressBookWatch(app, session, ready_page=self.readiness.page)
        self.lanes = [
            Lane(app, session.id, name, sender=self.sender, on_command=self.orders.take_up, unique=str(epoch))
            for name in get_args(LaneName)
        ]

    def page(self) -> Page | None:
        """The page that is open now."""
        return self.browsing.page

    async def ready_page(self) -> Page:
        """The page, once it may be used."""
        return await self.readiness.page()

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs beside the state machine until the session rests. One that raises ends the owner."""
        yield self.tenure.run()
        yield self.recorder.run()
        yield self.browsing.watch()
        yield self.vault.run()
        yield self.link_watch.run()
        yield self.gate.run()
        yield self.number_watch.run()
        yield self.capability_watch.run()
        yield self.watch.run()
        yield self.canary_watch.run()
        yield self.address_book.run()
        yield self.downloads.run()
        for lane in self.lanes:
            yield lane.run()
