"""The sending half of a worker without a browser: the real table, queues, recorder and sender, and a WhatsApp that can
be told to fail at any point."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.allowance import Allowance
from containers.worker.clock import SteadyClock
from containers.worker.gate import Gate
from containers.worker.naming import MessageKey
from containers.worker.observations import MessageSeen
from containers.worker.page import Page, SendResult
from containers.worker.recorder import Recorder
from containers.worker.sender import Sender
from containers.worker.steps import Steps
from infra.local.builder import build
from waypost.bootstrap import App, join
from waypost.domain.addresses import parse_address
from waypost.domain.care import RELAXED, Care
from waypost.domain.failures import NEW_CHATS_RESTRICTED
from waypost.domain.message import Lane, Message
from waypost.domain.wanted import Wanted, text_to
from waypost.entities.head import claim, get_head
from waypost.entities.session import Session
from waypost.errors import NetworkError, SessionNotLinked
from waypost.services.accepting import accept as accept_wanted
from waypost.services.journal import read
from waypost.services.sessions import create_session
from waypost.settings import Settings

TENANT = "ten_" + "0" * 26
SESSION = "ses_" + "0" * 26

# What WhatsApp does with one hand-over: takes it and answers; takes it and the page dies before it answers; dies before
# it takes it; the account has just been unlinked; takes it and acknowledges later; says no.
Fate = Literal["sent", "taken_then_gone", "gone", "unlinked", "late", "refused"]


@dataclass
class FakeWhatsApp:
    """Files what it takes, in order. `twice` counts hand-overs of what it had filed already."""

    fates: list[Fate] = field(default_factory=list)
    filed: list[tuple[str, str]] = field(default_factory=list)  # (chat, text)
    acks: dict[str, int] = field(default_factory=dict)  # by hex
    twice: int = 0
    lookups: int = 0
    nobody: set[str] = field(default_factory=set)  # chat ids that are not on WhatsApp
    asked: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)  # what people see of us beside messages
    given: dict[str, bytes] = field(default_factory=dict)  # files by hex
    named: dict[str, tuple[str, str]] = field(default_factory=dict)  # their names and types
    modes: list[int] = field(default_factory=list)  # of the files, as they lay on the disk
    no_files: list[str] = field(default_factory=list)  # with what the next files are not taken
    restricted_until_ms: int = 0  # new chats are refused until then (463)
    past: dict[str, int] = field(default_factory=dict)  # chat id → when they wrote, before the link
    steps: Steps | None = None
    on_late: list[asyncio.Task[None]] = field(default_factory=list)

    async def call(self, name: str, details: dict[str, Any] | None = None, within: float = 0) -> Any:
        """What is sent beside texts, and the questions: everybody is on WhatsApp, but whom `nobody` names."""
        assert details is not None
        if name == "takeFile":
            self.named[details["hex"]] = (details["name"], details["mime"])
            return None
        if name in ("sendFile", "sendParts"):
            what = details.get("text") or json.dumps(details.get("content"))
            sent = await self._take(details["chat"], f"{details['kind']}: {what}", details["hex"])
            told = {"code": sent.number, "until_ms": sent.until_ms, "trouble": sent.error}
            return {"key": sent.key, "chat": sent.chat_id, "ack": sent.ack, "t": sent.t, **told}
        if name in ("markRead", "type"):
            self.shown.append(f"{name} {details.get('state', '')}".strip())
            return None
        assert name == "queryExists"
        self.asked.append(details["chat"])
        exists = details["chat"] not in self.nobody
        return {"exists": exists, "pn": details["chat"] if exists else None, "lid": None}

    async def send_text(
        self, chat_id: str, text: str, wa_hex: str, quoted_key: str | None = None, *, mentions: Sequence[str] = ()
    ) -> SendResult:
        return await self._take(chat_id, text, wa_hex)

    async def put_file(self, path: Path, ticket: str) -> None:
        if self.no_files:
            raise NetworkError("The page went away.", code=self.no_files.pop(0))
        self.given[ticket] = await asyncio.to_thread(path.read_bytes)
        self.modes.append((await asyncio.to_thread(path.stat)).st_mode & 0o777)

    async def _take(self, chat_id: str, text: str, wa_hex: str) -> SendResult:
        fate = self.fates.pop(0) if self.fates else "sent"
        await asyncio.sleep(0)
        if fate == "gone":
            raise NetworkError("The page went away.", code="page_gone")
        if fate == "unlinked":
            raise SessionNotLinked("The session is not linked.")
        if self.restricted_until_ms:
            self.acks[wa_hex] = -1
            return SendResult("", chat_id, -1, None, NEW_CHATS_RESTRICTED, self.restricted_until_ms)
        if fate == "refused":
            self.acks[wa_hex] = -1
            return SendResult("", chat_id, -1, error="send_refused")
        if self.acks.get(wa_hex, -1) >= 0:
            self.twice += 1
        else:
            self.filed.append((chat_id, text))
        self.acks[wa_hex] = 0 if fate == "late" else 1
        if fate == "taken_then_gone":
            raise NetworkError("The page went away.", code="page_gone")
        return SendResult("", chat_id, self.acks[wa_hex])

    async def find_message(self, wa_hex: str, chat_ids: list[str]) -> SendResult | None:
        self.lookups += 1
        if wa_hex not in self.acks:
            return None
        if self.acks[wa_hex] == 0:
            self.acks[wa_hex] = 1  # by now the server has it
        refused = "send_refused" if self.acks[wa_hex] < 0 else None
        return SendResult("", chat_ids[0], self.acks[wa_hex], error=refused)

    async def recent_messages(self, per_chat: int, chats: Sequence[str] | None = None) -> list[MessageSeen]:
        return [
            MessageSeen(MessageKey(False, chat, "3EB0PAST"), "chat", "hello", self.past[chat] // 1000)
            for chat in chats or ()
            if chat in self.past
        ]


@contextmanager
def sending_app(home: Path, care: Care = RELAXED) -> Iterator[App]:
    with build(home) as engine:
        app = join(Settings(home=home, care=care), engine)
        session = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=app.now_ms())
        create_session(session, table=app.table, queues=engine.queues)
        yield app


def accept(app: App, to: str, text: str, message_id: str, lane: Lane = "interactive") -> Message:
    return accept_any(app, text_to(parse_address(to), text, lane=lane), message_id)


def accept_any(app: App, wanted: Wanted, message_id: str) -> Message:
    linked = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", me=b"x")
    return accept_wanted(
        wanted, message_id=message_id, session=linked,
        now_ms=app.now_ms(), table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts,
    )  # fmt: skip


@asynccontextmanager
async def sender(app: App, whatsapp: FakeWhatsApp) -> AsyncIterator[Sender]:
    """A sender under a fresh epoch, as after a start; the recorder runs beside it."""
    head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
    recorder = Recorder(app, head)
    running = asyncio.create_task(recorder.run())

    async def page() -> Page:
        return cast(Page, whatsapp)

    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    steps = Steps(app, recorder, Acknowledgements(time.monotonic, 30.0))
    whatsapp.steps = steps
    gate = Gate(Allowance(app, SESSION, clock=SteadyClock(app.now_ms)))
    guarding = asyncio.create_task(gate.run())
    try:
        yield Sender(
            app, SESSION, head.epoch, steps=steps, gate=gate, ready_page=page, sleep=no_sleep, ack_seconds=0.05
        )
    finally:
        for task in (running, guarding):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def log_of(app: App) -> list[tuple[int, str, str]]:
    """(number, type, message) of every event."""
    head = get_head(app.table, SESSION)
    assert head is not None
    events = read(app.table, app.seals, SESSION, generation=1, after=0, limit=1000)
    return [(event.number, event.type, event.message or "") for event in events]
