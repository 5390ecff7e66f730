"""The receiving half of a worker without a browser: the real table, bucket, spool and log, and a page that can be told
to fail at any point."""

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.allowance import Allowance
from containers.worker.amendments import Amendments
from containers.worker.answers import Answers
from containers.worker.clock import SteadyClock
from containers.worker.downloads import Downloads
from containers.worker.gate import Gate
from containers.worker.intake import Intake
from containers.worker.naming import MessageKey, Person
from containers.worker.observations import MessageSeen, PageObservation
from containers.worker.observed_content import FileSeen
from containers.worker.page import Page
from containers.worker.people import People
from containers.worker.recorder import Recorder
from containers.worker.steps import Steps
from infra.local.builder import build
from tests.integration.sending_house import SESSION, TENANT
from tests.integration.simulator_driver import until
from waypost.bootstrap import App, join
from waypost.domain.event import Event
from waypost.entities.head import claim
from waypost.entities.received import Received, get_received
from waypost.entities.session import Session
from waypost.errors import WhatsAppError
from waypost.ports import Blobs
from waypost.services.journal import read
from waypost.services.sessions import create_session
from waypost.settings import Settings

GRACE = Person("4915112345602@c.us", "222222222222222@lid")
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
SMALL = b"\xff\xd8\xff\xdb small"


@dataclass
class FakePage:
    """Holds files by their message's key. `troubles` are the codes of the next loads that fail; `gate` holds loads up
    while it is cleared."""

    files: dict[str, bytes] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    held: dict[int, bytes] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    at_work: int = 0
    most_at_work: int = 0

    async def call(self, name: str, details: dict[str, Any], within: float = 0) -> Any:
        if name == "dropFile":
            self.held.pop(details["ticket"], None)
            return None
        assert name == "loadFile"
        self.loads.append(details["key"])
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await self.gate.wait()
        self.at_work -= 1
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble == "bug":
            raise KeyError(trouble)
        if trouble is not None:
            raise WhatsAppError("The page refused the call.", code=trouble)
        data = self.files[details["key"]]
        ticket = len(self.loads)
        self.held[ticket] = data
        small = base64.b64encode(SMALL).decode()
        return {"ticket": ticket, "size": len(data), "mime": "image/jpeg", "thumbnail": small}

    async def read_held(self, ticket: int, piece_bytes: int) -> AsyncIterator[bytes]:
        data = self.held[ticket]
        for at in range(0, len(data) or 1, piece_bytes):
            await asyncio.sleep(0)
            yield data[at : at + piece_bytes]


@dataclass
class Line:
    """Blobs that can be cut off, or spoil what they are given."""

    inner: Blobs
    down: str = ""  # "put" or "get": a kill in the middle of it
    spoils: int = 0

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str:
        if self.down == "put":
            raise asyncio.CancelledError
        if self.spoils:
            self.spoils -= 1
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.inner.put(key, data, if_absent=if_absent)

    def get(self, key: str) -> bytes:
        if self.down == "get":
            raise asyncio.CancelledError
        return self.inner.get(key)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def list(self, prefix: str) -> list[str]:
        return self.inner.list(prefix)


@dataclass
class Life:
    """Of one owner; several may follow each other in a test, as after kills."""

    app: App
    page: FakePage
    intake: Intake
    downloads: Downloads

    async def see(self, *seen: PageObservation) -> None:
        await self.intake.file(seen)


@dataclass
class Receiving:
    app: App
    page: FakePage

    def picture(self, hex_id: str, data: bytes = JPEG, **more: Any) -> MessageSeen:
        """Grace sends a picture; the page can load it."""
        key = MessageKey(False, GRACE.lid or "", hex_id)
        self.page.files[str(key)] = data
        said = {"mime": "image/jpeg", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        file = FileSeen(**{**said, **more.pop("file", {})})
        body = more.pop("body", "look")
        return MessageSeen(key, more.pop("type", "image"), body, int(time.time()), file=file, chat=GRACE, author=GRACE)

    @asynccontextmanager
    async def life(self) -> AsyncIterator[Life]:
        app = self.app
        head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
        recorder = Recorder(app, head)
        session = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0)
        people = People(app, session)

        async def ready_page() -> Page:
            return cast(Page, self.page)

        downloads = Downloads(app, session, recorder, ready_page=ready_page, look_seconds=0.02)
        intake = Intake(
            app, session, recorder=recorder, people=people, file_came=downloads.came,
            steps=Steps(app, recorder, Acknowledgements(time.monotonic, 30.0)),
            amendments=Amendments(app, people, recorder),
            answers=Answers(app, SESSION, Gate(Allowance(app, SESSION, clock=SteadyClock()))),
        )  # fmt: skip
        threads, loop = ThreadPoolExecutor(), asyncio.get_running_loop()
        loop.set_default_executor(threads)
        running = [asyncio.create_task(recorder.run()), asyncio.create_task(downloads.run())]
        try:
            yield Life(app, self.page, intake, downloads)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            loop.set_default_executor(ThreadPoolExecutor())
            threads.shutdown()  # what was under way in one ends before the engine is closed

    def events(self) -> list[Event]:
        return read(self.app.table, self.app.seals, SESSION, generation=1, after=0, limit=1000)

    def states(self) -> list[tuple[str, str]]:
        """Of every event about a file: its type, the file's state."""
        return [(event.type, event.data["media"]["state"]) for event in self.events() if "media" in event.data]

    def file(self) -> Received:
        """The newest."""
        media = [event.data["media"]["id"] for event in self.events() if "media" in event.data][-1]
        found = get_received(self.app.table, media, self.app.now_ms())
        assert found is not None
        return found

    def bytes_of(self, received: Received) -> bytes:
        size = self.app.received.known(received).facts.size or 0
        return b"".join(self.app.received.read(received, 0, size - 1))

    async def wait_for(self, state: str) -> Received:
        async def look() -> bool:
            return bool(self.states()) and self.states()[-1][1] == state

        await until(look, what=f"no file became {state}")
        return self.file()

    def spooled(self) -> list[Path]:
        return [path for path in (self.app.settings.home / "spool").rglob("*") if path.is_file()]

    async def wait_empty(self) -> None:
        async def look() -> bool:
            return not self.spooled()

        await until(look, what="the spool is not emptied")


@contextmanager
def receiving(home: Path) -> Iterator[Receiving]:
    with build(home) as engine:
        app = join(Settings(home=home), engine)
        create_session(
            Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0), table=app.table, queues=engine.queues
        )
        page = FakePage()
        page.gate.set()
        yield Receiving(app, page)


def cut(house: Receiving) -> Line:
    """The bucket, behind a line that can be cut."""
    line = Line(house.app.engine.blobs["media"])
    house.app.engine.blobs["media"] = line  # type: ignore[index]  # the engine's own dict
    return line
